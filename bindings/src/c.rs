//! The C interface, for Go, C, C++ and C#: documents in and out as JSON text, four handles, functions of the caller, cancel.
//! `bindings/c/xkslink.h` describes each function. A null pointer or a text that is not UTF-8 is an error, not a crash; no
//! panic gets out.

#![expect(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "only C calls these functions, and the header says what it owes them"
)]

use std::ffi::{CStr, CString, c_char, c_double, c_int, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use xkslink::Consent;
use xkslink_embed::logs::{Listener, relayed};
use xkslink_embed::{
    Accounts, Callback, Callbacks, Client, Document, Failure, Kind, Next, ProbeRequest, Result, Simulator, Target,
    Task, Thrown, World, guard,
};

use crate::sigpipe;

/// Gives a text to the caller, who frees it with [`xks_free`].
fn give(text: impl Into<Vec<u8>>) -> *mut c_char {
    // JSON and texts of the library hold no NUL.
    CString::new(text).unwrap_or_default().into_raw()
}

/// Gives an error: the failure as JSON, with the report so far as text.
fn give_error(error: *mut *mut c_char, failure: &Failure) {
    let mut told: Value = serde_json::from_str(&failure.to_json()).unwrap_or_default();
    told["message"] = Value::from(failure.message_with_cause());
    if let Some(report) = &failure.report {
        told["report"] = Value::from(report.to_json());
    }
    if let Some(kept) = failure.thrown().and_then(|thrown| thrown.downcast_ref::<Kept>()) {
        told["thrown"] = Value::from(kept.word);
    }
    if !error.is_null() {
        // SAFETY: the caller gives a place for an error, or null.
        unsafe { *error = give(told.to_string()) };
    }
}

/// Does something, and gives `none` and an error if that fails.
fn doing<T>(error: *mut *mut c_char, none: T, work: impl FnOnce() -> Result<T>) -> T {
    sigpipe::keep_from_threads();
    guard(work).unwrap_or_else(|failure| {
        give_error(error, &failure);
        none
    })
}

fn bytes<'a>(name: &str, given: *const c_char) -> Result<&'a CStr> {
    if given.is_null() {
        return Err(Failure::argument(name, "is NULL", "give a text"));
    }
    // SAFETY: the caller gives a text that ends with NUL and outlives the call.
    Ok(unsafe { CStr::from_ptr(given) })
}

fn text<'a>(name: &str, given: *const c_char) -> Result<&'a str> {
    bytes(name, given)?.to_str().map_err(|_| Failure::argument(name, "is not UTF-8", "give text in UTF-8, without NUL"))
}

fn handle<'a, T>(name: &str, given: *const T) -> Result<&'a T> {
    // SAFETY: the caller gives what the library gave, not yet freed, or null.
    unsafe { given.as_ref() }.ok_or_else(|| Failure::argument(name, "is NULL", "give what the library gave"))
}

fn boxed<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

fn free<T>(given: *mut T) {
    if !given.is_null() {
        // SAFETY: the caller gives what the library gave, once.
        drop(unsafe { Box::from_raw(given) });
    }
}

/// The longest wait of one round. The end of a much longer one is a time that there is not, which would be a panic.
const YEAR: c_double = 31_536_000.0;

fn limit(seconds: c_double) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.0, YEAR)).unwrap_or_default()
}

/// A document: see the header.
#[derive(Debug)]
pub struct XksDocument(Arc<Document>);

/// A client: see the header.
#[derive(Debug)]
pub struct XksClient(Client);

/// A verb that runs: see the header.
#[derive(Debug)]
pub struct XksRun(Task);

/// A simulated AWS: see the header.
#[derive(Debug)]
pub struct XksSimulator(Simulator);

impl Drop for XksSimulator {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Where a function of the caller puts its answer, or why there is none and what it threw.
#[derive(Debug, Default)]
pub struct XksAnswer(Mutex<Option<Result<String, (String, usize)>>>);

/// A function of the caller.
pub type XksFunction = Option<extern "C" fn(context: *mut c_void, input: *const c_char, answer: *const XksAnswer)>;

/// Lets go of what a function of the caller threw.
pub type XksRelease = Option<extern "C" fn(thrown: usize)>;

/// Who listens to events.
pub type XksListener = Option<extern "C" fn(context: *mut c_void, event: *const c_char, line: *const c_char)>;

/// Who is told what is logged.
pub type XksLog =
    Option<extern "C" fn(context: *mut c_void, level: *const c_char, target: *const c_char, message: *const c_char)>;

/// Lets go of the context of a client's functions.
pub type XksDone = Option<extern "C" fn(context: *mut c_void)>;

/// The functions of a caller: see the header.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct XksCallbacks {
    /// Given to each function.
    pub context: *mut c_void,
    /// Publishes a TXT record.
    pub publish: XksFunction,
    /// Takes it out again.
    pub withdraw: XksFunction,
    /// Gives the credential of the proxy.
    pub credential: XksFunction,
    /// Gives AWS credentials for the network.
    pub network: XksFunction,
    /// Gives AWS credentials for Route 53.
    pub dns: XksFunction,
    /// Gives AWS credentials for AWS KMS.
    pub kms: XksFunction,
    /// Is told what is logged.
    pub log: XksLog,
    /// Lets go of what one of them threw.
    pub release: XksRelease,
    /// Lets go of the context.
    pub done: XksDone,
}

/// What a function of the caller threw: a word of the caller's, and who takes it back.
struct Kept {
    word: usize,
    release: XksRelease,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let (Some(release), true) = (self.release, self.word != 0) {
            release(self.word);
        }
    }
}

/// A pointer of the caller, which is the caller's to use from several threads, until it is told that nobody will any more.
struct Context {
    pointer: *mut c_void,
    done: XksDone,
}
// SAFETY: the header asks for a context that may be used from any thread.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(done) = self.done {
            done(self.pointer);
        }
    }
}

impl Context {
    fn ask(
        &self,
        function: extern "C" fn(*mut c_void, *const c_char, *const XksAnswer),
        input: &str,
    ) -> Result<String, (String, usize)> {
        let input = CString::new(input).unwrap_or_default();
        let answer = XksAnswer::default();
        function(self.pointer, input.as_ptr(), &raw const answer);
        let given = answer.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        given.unwrap_or_else(|| Err(("the function gave no answer".to_owned(), 0)))
    }

    fn telling(self: &Arc<Self>, log: XksLog) -> Option<Listener> {
        let (log, context) = (log?, Arc::clone(self));
        Some(relayed(Arc::new(move |record| {
            let [level, target, message] = [record.level.to_owned(), record.target, record.message]
                .map(|text| CString::new(text).unwrap_or_default());
            log(context.pointer, level.as_ptr(), target.as_ptr(), message.as_ptr());
        })))
    }
}

impl XksCallbacks {
    fn context(&self) -> Arc<Context> {
        Arc::new(Context { pointer: self.context, done: self.done })
    }

    fn asking<I: serde::Serialize + 'static, O: 'static>(
        &self,
        context: &Arc<Context>,
        function: XksFunction,
        read: fn(&str) -> Result<O, String>,
    ) -> Option<Callback<I, O>> {
        let (function, context, release) = (function?, Arc::clone(context), self.release);
        let thrown = move |(text, word)| Thrown { text, value: Box::new(Kept { word, release }) };
        Some(Arc::new(move |input| {
            let answer = context.ask(function, &json!(input).to_string()).map_err(thrown)?;
            read(&answer).map_err(|text| thrown((text, 0)))
        }))
    }
}

fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("the answer is not understood: {error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyCredential {
    access_key_id: String,
    raw_secret_access_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyApi {
    path: String,
    access_key_id: String,
    raw_secret_access_key: String,
}

/// What a verb is told beside its document.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Arguments {
    name: Option<String>,
    region: Option<String>,
    consent: Vec<Consent>,
    told: String,
    probe: Option<Value>,
}

impl Arguments {
    fn read(text: &str) -> Result<Self> {
        let help = "see the functions of xkslink.h";
        serde_json::from_str(text).map_err(|error| Failure::argument("arguments", error, help))
    }

    fn probe(&self) -> Result<Option<ProbeRequest>> {
        self.probe.as_ref().map(|request| ProbeRequest::from_json(&request.to_string())).transpose()
    }

    fn target(self, spec: Option<Arc<Document>>) -> Result<Target> {
        match (spec, self.name, self.region) {
            (Some(spec), ..) => Ok(Target::Spec(spec)),
            (None, Some(store), Some(region)) => Ok(Target::Named { store, region }),
            _ => Err(Failure::argument("target", "is missing", "give a spec, or a `name` and a `region`")),
        }
    }
}

/// The version of the library; not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn xks_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The JSON Schema of a sort of documents.
#[unsafe(no_mangle)]
pub extern "C" fn xks_schema(name: *const c_char, error: *mut *mut c_char) -> *mut c_char {
    doing(error, ptr::null_mut(), || xkslink_embed::schema(text("name", name)?).map(give))
}

/// Frees a text that the library gave.
#[unsafe(no_mangle)]
pub extern "C" fn xks_free(given: *mut c_char) {
    if !given.is_null() {
        // SAFETY: the caller gives what `give` gave, once.
        drop(unsafe { CString::from_raw(given) });
    }
}

/// Reads a document.
#[unsafe(no_mangle)]
pub extern "C" fn xks_read(
    kind: *const c_char,
    format: *const c_char,
    given: *const c_char,
    error: *mut *mut c_char,
) -> *mut XksDocument {
    doing(error, ptr::null_mut(), || {
        let (kind, format, given) = (text("kind", kind)?, text("format", format)?, text("text", given)?);
        let document = match Kind::named(kind)? {
            Kind::Spec => xkslink_embed::spec(format, given)?,
            other => Document::from_json(other, given)?,
        };
        Ok(boxed(XksDocument(Arc::new(document))))
    })
}

/// Writes a document in one of its forms.
#[unsafe(no_mangle)]
pub extern "C" fn xks_write(document: *const XksDocument, form: *const c_char, error: *mut *mut c_char) -> *mut c_char {
    doing(error, ptr::null_mut(), || {
        let document = &handle("document", document)?.0;
        let written = match text("form", form)? {
            "json" => document.to_json(),
            "text" => document.text(),
            "markdown" => document.to_markdown(),
            "svg" => document.to_svg(),
            "mermaid" => document.to_mermaid(),
            "html" => document.to_html(),
            "consent" => document.needs_consent().map(|needed| needed.to_string()),
            "usually_takes_seconds" => document.usually_takes_seconds().map(|seconds| seconds.to_string()),
            "toml" => document.to_format("toml"),
            "yaml" => document.to_format("yaml"),
            "secret" => Ok(document.secret().unwrap_or_default()),
            form => match form.strip_prefix("policies:") {
                Some(verb) => document.policies(verb).map(|policies| policies.to_string()),
                None => Err(Failure::argument("form", format!("`{form}` is not known"), "see the forms in xkslink.h")),
            },
        };
        written.map(give)
    })
}

/// Whom a text accuses.
#[unsafe(no_mangle)]
pub extern "C" fn xks_diagnose_text(given: *const c_char, error: *mut *mut c_char) -> *mut XksDocument {
    doing(error, ptr::null_mut(), || {
        Ok(boxed(XksDocument(Arc::new(Document::diagnosis_of_text(text("text", given)?)))))
    })
}

/// Facts as a verification.
#[unsafe(no_mangle)]
pub extern "C" fn xks_verified(facts: *const XksDocument, error: *mut *mut c_char) -> *mut XksDocument {
    doing(error, ptr::null_mut(), || Ok(boxed(XksDocument(Arc::new(handle("facts", facts)?.0.verified()?)))))
}

/// Facts as a diagnosis.
#[unsafe(no_mangle)]
pub extern "C" fn xks_diagnosed(
    facts: *const XksDocument,
    told: *const c_char,
    error: *mut *mut c_char,
) -> *mut XksDocument {
    doing(error, ptr::null_mut(), || {
        let facts = &handle("facts", facts)?.0;
        Ok(boxed(XksDocument(Arc::new(facts.diagnosed(text("told", told)?)?))))
    })
}

/// Frees a document.
#[unsafe(no_mangle)]
pub extern "C" fn xks_document_free(document: *mut XksDocument) {
    free(document);
}

/// Answers a function of the caller.
#[unsafe(no_mangle)]
pub extern "C" fn xks_answer(answer: *const XksAnswer, given: *const c_char) {
    put(answer, text("answer", given).map(str::to_owned).map_err(|failure| (failure.to_string(), 0)));
}

/// Refuses what a function of the caller was asked for. Why is for people, who read what can be read of it.
#[unsafe(no_mangle)]
pub extern "C" fn xks_refuse(answer: *const XksAnswer, why: *const c_char, thrown: usize) {
    let why = bytes("why", why).map_or_else(|failure| failure.to_string(), |why| why.to_string_lossy().into_owned());
    put(answer, Err((why, thrown)));
}

fn put(answer: *const XksAnswer, given: Result<String, (String, usize)>) {
    if let Ok(answer) = handle("answer", answer) {
        *answer.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
    }
}

/// Makes a client.
#[unsafe(no_mangle)]
pub extern "C" fn xks_client_new(
    accounts: *const c_char,
    callbacks: *const XksCallbacks,
    simulated: *const XksSimulator,
    error: *mut *mut c_char,
) -> *mut XksClient {
    doing(error, ptr::null_mut(), || {
        // Before anything that may fail: the context is let go of in any case.
        let given = handle("callbacks", callbacks).ok().map(|given| (given, given.context()));
        let mut accounts = Accounts::from_json(text("accounts", accounts)?)?;
        let mut functions = Callbacks::default();
        if let Some((given, context)) = &given {
            let nothing = |_: &str| Ok(());
            functions.publish = given.asking(context, given.publish, nothing);
            functions.withdraw = given.asking(context, given.withdraw, nothing);
            functions.credential = given.asking(context, given.credential, |answer| {
                read(answer).map(|given: ProxyCredential| (given.access_key_id, given.raw_secret_access_key))
            });
            functions.log = context.telling(given.log);
            accounts.network.source = given.asking(context, given.network, read);
            if let Some(source) = given.asking(context, given.dns, read) {
                accounts.dns.get_or_insert_default().source = Some(source);
            }
            if let Some(source) = given.asking(context, given.kms, read) {
                accounts.kms.get_or_insert_default().source = Some(source);
            }
        }
        let simulated = handle("simulated", simulated).ok().map(|world| world.0.clone());
        Ok(boxed(XksClient(Client::new(accounts, functions, simulated)?)))
    })
}

/// Frees a client; its runs go on.
#[unsafe(no_mangle)]
pub extern "C" fn xks_client_free(client: *mut XksClient) {
    free(client);
}

/// Begins a verb.
#[unsafe(no_mangle)]
pub extern "C" fn xks_start(
    client: *const XksClient,
    verb: *const c_char,
    document: *const XksDocument,
    arguments: *const c_char,
    error: *mut *mut c_char,
) -> *mut XksRun {
    doing(error, ptr::null_mut(), || {
        let client = &handle("client", client)?.0;
        let given = handle("document", document).map(|document| Arc::clone(&document.0));
        let arguments = if arguments.is_null() { "{}" } else { text("arguments", arguments)? };
        let mut told = Arguments::read(arguments)?;
        let (consent, probe) = (std::mem::take(&mut told.consent), told.probe()?);
        let task = match text("verb", verb)? {
            "plan" => client.plan(given?),
            "apply" => client.apply(given?, consent),
            "plan_teardown" => client.plan_teardown(told.target(given.ok())?),
            "teardown" => client.teardown(told.target(given.ok())?, consent),
            "status" => client.status(given?),
            "verify" => client.verify(told.target(given.ok())?),
            "facts" => client.facts(told.target(given.ok())?, probe),
            "diagnose" => {
                let seen = std::mem::take(&mut told.told);
                client.diagnose(told.target(given.ok())?, seen, probe)
            }
            "probe" => client.probe(given?, probe.unwrap_or_default()),
            other => Err(Failure::argument("verb", format!("`{other}` is not known"), "see the verbs in xkslink.h")),
        };
        task.map(|task| boxed(XksRun(task)))
    })
}

/// Probes without a client and without a spec.
#[unsafe(no_mangle)]
pub extern "C" fn xks_probe_name(
    name: *const c_char,
    region: *const c_char,
    proxy: *const c_char,
    request: *const c_char,
    error: *mut *mut c_char,
) -> *mut XksRun {
    doing(error, ptr::null_mut(), || {
        let proxy = if proxy.is_null() { None } else { Some(text("proxy", proxy)?) };
        let wrong = |what| Failure::argument("proxy", what, "see xks_probe_name in xkslink.h");
        let proxy: Option<ProxyApi> = proxy.map(read).transpose().map_err(wrong)?;
        let api = proxy.map(|proxy| (proxy.path, proxy.access_key_id, proxy.raw_secret_access_key));
        let request = if request.is_null() { "{}" } else { text("request", request)? };
        let request = ProbeRequest::from_json(request)?;
        Client::probe_name(text("name", name)?, text("region", region)?, api, &request).map(|task| boxed(XksRun(task)))
    })
}

/// Takes the next event.
#[unsafe(no_mangle)]
pub extern "C" fn xks_run_next(
    run: *const XksRun,
    seconds: c_double,
    event: *mut *mut c_char,
    line: *mut *mut c_char,
) -> c_int {
    let Ok(run) = handle("run", run) else { return 0 };
    match run.0.next_within(limit(seconds)) {
        Next::Event(found) => {
            let (told, shown) = xkslink_embed::event(&found).unwrap_or_default();
            for (to, text) in [(event, told), (line, shown)] {
                if !to.is_null() {
                    // SAFETY: the caller gives a place for the text, or null.
                    unsafe { *to = give(text) };
                }
            }
            1
        }
        Next::Ended => 0,
        Next::Nothing => -1,
    }
}

/// Takes the result.
#[unsafe(no_mangle)]
pub extern "C" fn xks_run_result(
    run: *const XksRun,
    seconds: c_double,
    document: *mut *mut XksDocument,
    error: *mut *mut c_char,
) -> c_int {
    doing(error, 0, || {
        let run = handle("run", run)?;
        match run.0.result_within(limit(seconds)) {
            None => Ok(-1),
            Some(Err(failure)) => {
                give_error(error, &failure);
                Ok(0)
            }
            Some(Ok(_)) if document.is_null() => Ok(1),
            Some(Ok(found)) => {
                // SAFETY: the caller gives a place for the document.
                unsafe { *document = boxed(XksDocument(found)) };
                Ok(1)
            }
        }
    })
}

/// Waits for the end, and tells the events until then.
#[unsafe(no_mangle)]
pub extern "C" fn xks_run_wait(
    run: *const XksRun,
    listener: XksListener,
    context: *mut c_void,
    error: *mut *mut c_char,
) -> *mut XksDocument {
    const ROUND: Duration = Duration::from_secs(60);
    doing(error, ptr::null_mut(), || {
        let run = &handle("run", run)?.0;
        loop {
            match run.next_within(ROUND) {
                Next::Event(event) => {
                    let (told, shown) = xkslink_embed::event(&event)?;
                    let (told, shown) =
                        (CString::new(told).unwrap_or_default(), CString::new(shown).unwrap_or_default());
                    if let Some(listener) = listener {
                        listener(context, told.as_ptr(), shown.as_ptr());
                    }
                }
                Next::Nothing => {}
                Next::Ended => break,
            }
        }
        match run.result_within(ROUND) {
            Some(Ok(document)) => Ok(boxed(XksDocument(document))),
            Some(Err(failure)) => {
                give_error(error, &failure);
                Ok(ptr::null_mut())
            }
            None => Err(Failure::cancelled()),
        }
    })
}

/// Lets go of a verb.
#[unsafe(no_mangle)]
pub extern "C" fn xks_run_cancel(run: *const XksRun) {
    if let Ok(run) = handle("run", run) {
        run.0.cancel();
    }
}

/// Frees a run, and cancels it if it has not ended.
#[unsafe(no_mangle)]
pub extern "C" fn xks_run_free(run: *mut XksRun) {
    free(run);
}

/// Makes a simulated AWS.
#[unsafe(no_mangle)]
pub extern "C" fn xks_simulator_new(world: *const c_char, error: *mut *mut c_char) -> *mut XksSimulator {
    doing(error, ptr::null_mut(), || Ok(boxed(XksSimulator(Simulator::new(World::from_json(text("world", world)?)?)?))))
}

/// Does something in a simulated AWS, or asks it.
#[unsafe(no_mangle)]
pub extern "C" fn xks_simulator_do(
    simulator: *const XksSimulator,
    what: *const c_char,
    input: *const c_char,
    error: *mut *mut c_char,
) -> *mut c_char {
    doing(error, ptr::null_mut(), || {
        let world = &handle("simulator", simulator)?.0;
        let input = || text("input", input);
        let answer = match text("what", what)? {
            "deed" => world.deed(input()?)?,
            "during_run" => world.during_run(input()?).map(|()| Value::Null)?,
            "census" => world.census(),
            "world" => world.world(),
            "requests" => world.requests(),
            "now" => json!(world.now()),
            "serve" => {
                let wrong = |_| Failure::argument("input", "is no port", "write 0 to 65535");
                json!(world.serve(input()?.parse().map_err(wrong)?)?)
            }
            "start_proxy" => world.start_proxy(input()?)?,
            "start_dns" => json!(world.start_dns()?),
            "end" => {
                world.close();
                Value::Null
            }
            other => {
                return Err(Failure::argument("what", format!("`{other}` is not known"), "see the words in xkslink.h"));
            }
        };
        Ok(give(answer.to_string()))
    })
}

/// Ends a simulated AWS and frees it.
#[unsafe(no_mangle)]
pub extern "C" fn xks_simulator_free(simulator: *mut XksSimulator) {
    free(simulator);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_function_refuses_is_told_as_far_as_it_can_be_read() {
        let answer = XksAnswer::default();
        xks_refuse(&answer, c"the vault \xff is sealed".as_ptr(), 7);
        let told = answer.0.into_inner().expect("nobody panicked");
        assert_eq!(told, Some(Err(("the vault \u{fffd} is sealed".to_owned(), 7))));
    }

    #[test]
    fn to_wait_for_ever_is_neither_an_overflow_nor_no_time_at_all() {
        for seconds in [1e18, f64::MAX, f64::INFINITY] {
            assert_eq!(limit(seconds), Duration::from_secs_f64(YEAR));
        }
        assert_eq!(limit(0.5), Duration::from_millis(500));
        for seconds in [-1.0, f64::NAN] {
            assert_eq!(limit(seconds), Duration::ZERO);
        }
    }
}
