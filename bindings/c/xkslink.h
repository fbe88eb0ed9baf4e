/* xkslink for C, C++ and languages that call C: plan, apply, verify, diagnose, probe and teardown of the connectivity of an AWS
 * KMS external key store.
 *
 * Documents go in and come out as text in UTF-8; schema/ has their JSON Schemas. Whatever the library gives is freed by the
 * caller with the function that is named for it, once. What may fail takes `error`, a place for a text or NULL: it gives NULL
 * (or 0) and puts a JSON object there, with `kind`, `message`, `help`, `resource`, `aws_code`, `request_id`, `retryable`,
 * `problems`, `broken`, `report` (a report as text, if apply or teardown had done something), and `thrown` (if a function of the
 * caller failed: see xks_refuse). Functions may be called from any thread, also at the same time, but not while a handle that they
 * use is being freed. */
#ifndef XKSLINK_H
#define XKSLINK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct XksDocument XksDocument;   /* a spec, a plan, a report or another document */
typedef struct XksClient XksClient;       /* a client of AWS, or of a simulated one */
typedef struct XksRun XksRun;             /* a verb that runs */
typedef struct XksSimulator XksSimulator; /* a simulated AWS, in this process */
typedef struct XksAnswer XksAnswer;       /* where a function of the caller puts its answer */

/* The version of the library; not to be freed. */
const char *xks_version(void);

/* The JSON Schema (2020-12) of a sort of documents: `connectivity` is a spec, the others are named as what verbs give. */
char *xks_schema(const char *name, char **error);

/* Frees a text. NULL is fine. */
void xks_free(char *text);

/* Reads a document. `kind` is `spec`, `plan`, `report`, `status`, `verification`, `diagnosis`, `probe` or `facts`; `format` is
 * `json`, and for a spec also `toml` or `yaml`. */
XksDocument *xks_read(const char *kind, const char *format, const char *text, char **error);

/* Writes a document. `form` is `json`, `text` or `markdown` for all; `toml` and `yaml` for a spec; `svg` for a plan or a report;
 * `mermaid`, `consent` (what a plan needs a yes for, as JSON), `usually_takes_seconds` (that AWS needs for the longest chain of steps, a
 * whole number) and `policies:apply` for a plan; `html` for a report or a verification; `policies:status`, `:verify`, `:diagnose` or
 * `:probe` for a spec. No form holds a secret but `secret`: that of a spec's credential by value, for objects of the caller, or an empty
 * text. */
char *xks_write(const XksDocument *document, const char *form, char **error);

/* Whom an error message accuses, without a look at AWS. */
XksDocument *xks_diagnose_text(const char *text, char **error);

/* Facts, judged by every rule: a verification. */
XksDocument *xks_verified(const XksDocument *facts, char **error);

/* Facts and what was seen: a diagnosis. */
XksDocument *xks_diagnosed(const XksDocument *facts, const char *told, char **error);

void xks_document_free(XksDocument *document);

/* A function of the caller. It is called on a thread of the library, where it may block, with a JSON document, and answers with
 * one of the two functions below before it returns. `context` is the caller's, and must be good for any thread. `thrown` is 0 or a
 * word of the caller's for what went wrong, such as a handle of an exception: it comes back in the error of the run, where it is
 * good until the run is freed, and is given to `release` in any case. */
typedef void (*XksFunction)(void *context, const char *input, const XksAnswer *answer);
void xks_answer(const XksAnswer *answer, const char *text);
void xks_refuse(const XksAnswer *answer, const char *why, uintptr_t thrown);

/* Is told what the verbs of a client log: each step, every call to AWS, and the AWS SDK's warnings, without any secret. `level` is
 * `error`, `warn`, `info`, `debug` or `trace`, `target` says where. Called in order, soon after something was logged, on a thread of
 * its own. */
typedef void (*XksLog)(void *context, const char *level, const char *target, const char *message);

/* Functions of the caller; NULL for those that there are not. */
typedef struct XksCallbacks {
  void *context;
  XksFunction publish;    /* publishes a TXT record (`name`, `value`, `ttl`, `alternatives`); the answer may be any text */
  XksFunction withdraw;   /* takes it out again */
  XksFunction credential; /* gives the proxy's `access_key_id` and `raw_secret_access_key` */
  XksFunction network;    /* gives AWS credentials: `access_key_id`, `secret_access_key`, `session_token`, `expires_at` (in */
  XksFunction dns;        /* seconds since 1970), for the network, for Route 53, for AWS KMS; asked again when they end */
  XksFunction kms;
  XksLog log;
  void (*release)(uintptr_t thrown); /* lets go of what one of them threw, from any thread */
  void (*done)(void *context);       /* lets go of the context: called once, on any thread, when the client and its runs are gone and
                                      * no other function will be called; also if the client cannot be made */
} XksCallbacks;

/* Makes a client. `accounts` is a JSON object with `network`, `dns` and `kms`, each with any of `region`, `profile`,
 * `endpoint_url`, `role_arn`, `external_id`, `role_session_name`, `max_attempts`, `ca_bundle`, and `account` with a simulated
 * AWS only; `{}` is the standard chain. `callbacks` (copied) and `simulated` may be NULL. */
XksClient *xks_client_new(const char *accounts, const XksCallbacks *callbacks, const XksSimulator *simulated, char **error);

/* Frees a client. Its runs go on. */
void xks_client_free(XksClient *client);

/* Begins a verb: `plan`, `status` and `probe` of a spec; `apply` of a plan; `plan_teardown`, `teardown`, `verify`, `facts` and
 * `diagnose` of a spec or, with NULL, of a `name` and a `region`. `arguments` is NULL or a JSON object with `name`, `region`,
 * `consent` (a list of `replace`, `delete`, `disconnect`, `despite_rules`), `told` (what was seen, for `diagnose`) and `probe`
 * (an object with `addresses`, `certificate`, `resolvers`, `name_servers`, `external_key`, `without`, `trusted_roots`,
 * `timeout_seconds`). */
XksRun *xks_start(const XksClient *client, const char *verb, const XksDocument *document, const char *arguments, char **error);

/* Begins a probe without AWS and without a spec, under the private DNS name of an endpoint service. `proxy` is NULL or a JSON
 * object with the `path` of the proxy's API, `access_key_id` and `raw_secret_access_key`; `request` is NULL or the object `probe`
 * above, which may also have `dns` (whether public DNS is looked at) and `health_check` (with `type` and `path`). */
XksRun *xks_probe_name(const char *name, const char *region, const char *proxy, const char *request, char **error);

/* Waits for the end, tells `listener` (or NULL) each event until then as JSON and as a line for people, and gives the document:
 * of `apply` and `teardown` the report, of the others what they are called after. */
typedef void (*XksListener)(void *context, const char *event, const char *line);
XksDocument *xks_run_wait(const XksRun *run, XksListener listener, void *context, char **error);

/* The same in rounds, for programs that have to look after something else meanwhile. Each waits for no longer than `seconds`,
 * which may be INFINITY. xks_run_next gives 1 and an event with its line (each may be NULL), 0 when there are no more, -1 when there is
 * none yet. xks_run_result gives 1 and the document, 0 and the error, -1 when it still runs. */
int xks_run_next(const XksRun *run, double seconds, char **event, char **line);
int xks_run_result(const XksRun *run, double seconds, XksDocument **document, char **error);

/* Lets go of a verb, from any thread. Its result is then an error of the kind `cancelled`, unless it had ended. AWS is left as
 * the last finished call left it, and the same verb goes on from there. */
void xks_run_cancel(const XksRun *run);

/* Frees a run, and cancels it if it has not ended. */
void xks_run_free(XksRun *run);

/* Makes a simulated AWS from a JSON object with any of `hosted_zones`, `speed`, `seed`, `consistency_seconds`, `instant`,
 * `begins_now`. Its time is virtual, unless it has a speed. */
XksSimulator *xks_simulator_new(const char *world, char **error);

/* Does something in it, or asks it; the answer is JSON. `what` is `deed` (see docs/simulator.md), `during_run`, `census`,
 * `world`, `requests`, `now`, `serve` (input: a port or 0), `start_proxy`, `start_dns` or `end`. */
char *xks_simulator_do(const XksSimulator *simulator, const char *what, const char *input, char **error);

/* Ends it and frees it. */
void xks_simulator_free(XksSimulator *simulator);

#ifdef __cplusplus
}
#endif

#endif
