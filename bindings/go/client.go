package xkslink

/*
#include <xkslink.h>
*/
import "C"

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime"
	"runtime/cgo"
	"sync"
)

// Account is one AWS account or role. What is not given comes from the standard chain: environment, profile, SSO, web identity,
// process, container, instance.
type Account struct {
	// Region of STS and of stores that are named without one; verbs otherwise use the Region of the spec.
	Region string `json:"region,omitempty"`
	// A profile of the AWS configuration files.
	Profile string `json:"profile,omitempty"`
	// One endpoint for all services. AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> count if it is not given.
	EndpointURL string `json:"endpoint_url,omitempty"`
	// A role to assume, with the credentials that the rest gives.
	RoleARN string `json:"role_arn,omitempty"`
	// External id for that role.
	ExternalID string `json:"external_id,omitempty"`
	// Session name for that role.
	RoleSessionName string `json:"role_session_name,omitempty"`
	// Attempts of the AWS SDK for one call, at least 1; 0 for the default.
	MaxAttempts int `json:"max_attempts,omitempty"`
	// Path of a PEM file with the certificates to trust, instead of the system's; else AWS_CA_BUNDLE counts.
	CABundle string `json:"ca_bundle,omitempty"`
	// Twelve digits; with a simulated AWS only, whose callers need no credentials.
	Account string `json:"account,omitempty"`
	// Credentials from the caller instead of the chain.
	Credentials CredentialSource `json:"-"`
}

// Options of a client. The zero value is the standard chain for everything.
type Options struct {
	// The account of VPC, load balancer and endpoint service.
	Network Account
	// That of Route 53, if another.
	DNS *Account
	// That of AWS KMS, if another.
	KMS *Account
	// Publishes the TXT record, for the domain `callback`.
	Publisher DNSPublisher
	// Gives the credential of the proxy, for the credential `callback`.
	Credential func(ctx context.Context) (ProxyCredential, error)
	// Is told each step, every call to AWS, and the AWS SDK's warnings, from a thread of the library's own.
	Logger *slog.Logger
	// A simulated AWS instead of the real one.
	Simulated *SimulatedAWS
}

// Consent is what a plan may do beyond creating and updating, once the caller says so.
type Consent string

const (
	// ConsentReplace: replace what AWS cannot change in place.
	ConsentReplace Consent = "replace"
	// ConsentDelete: delete what the spec asks for no more.
	ConsentDelete Consent = "delete"
	// ConsentDisconnect: disconnect the key store, whose keys fail meanwhile.
	ConsentDisconnect Consent = "disconnect"
	// ConsentDespiteRules: go on although rules are broken.
	ConsentDespiteRules Consent = "despite_rules"
)

// RunOptions are for Apply and Teardown; nil is none.
type RunOptions struct {
	// What may be done beyond creating and updating.
	Consent []Consent
	// Called with each event, in order, on the goroutine that waits. An error from it stops the run.
	OnEvent func(event Event, line string) error
}

// Target is what to take down, verify or diagnose: a *Connectivity, or a Named store.
type Target interface {
	target(*arguments) (*document, error)
}

// Named is a store without its spec.
type Named struct {
	// Its name; to verify or diagnose also that of a key store, its `cks-` id, or that of an endpoint service.
	Name string
	// Its Region.
	Region string
}

func (n Named) target(to *arguments) (*document, error) {
	to.Name, to.Region = n.Name, n.Region
	return nil, nil
}

func (c *Connectivity) target(*arguments) (*document, error) { return c.read() }

// ProbeRequest is what to probe beside, or instead of, what a spec tells of.
type ProbeRequest struct {
	// `address:port` to connect to, instead of those of the spec.
	Addresses []string `json:"addresses,omitempty"`
	// A certificate and its chain in PEM, judged without a connection.
	Certificate string `json:"certificate,omitempty"`
	// Resolvers to ask, `address:port`, instead of the system's.
	Resolvers []string `json:"resolvers,omitempty"`
	// Name servers to ask, `address:port`, instead of the zone's own.
	NameServers []string `json:"name_servers,omitempty"`
	// Whether public DNS is looked at; a spec's probe does.
	DNS bool `json:"dns,omitempty"`
	// A health check, when there is no spec.
	HealthCheck *ProbeHealthCheck `json:"health_check,omitempty"`
	// Id of an external key to read from the proxy.
	ExternalKey string `json:"external_key,omitempty"`
	// Phases to leave out: `dns`, `tls`, `proxy`, `health_check`.
	Without []string `json:"without,omitempty"`
	// Certificates in PEM that count as roots besides those that AWS KMS trusts.
	TrustedRoots string `json:"trusted_roots,omitempty"`
	// Seconds for each connection and answer.
	TimeoutSeconds float64 `json:"timeout_seconds,omitempty"`
}

// ProbeHealthCheck is a health check to try where no spec tells of one.
type ProbeHealthCheck struct {
	// What is sent.
	Type HealthProtocol `json:"type"`
	// The path of the request.
	Path string `json:"path"`
}

// ProxyAPI is where the API of a proxy is, and its credential.
type ProxyAPI struct {
	// `/kms/xks/v1`, or that with a prefix.
	Path string `json:"path"`
	// The credential, which signs the requests.
	ProxyCredential
}

type arguments struct {
	Name    string        `json:"name,omitempty"`
	Region  string        `json:"region,omitempty"`
	Consent []Consent     `json:"consent,omitempty"`
	Told    string        `json:"told,omitempty"`
	Probe   *ProbeRequest `json:"probe,omitempty"`
}

// Client is a client of AWS, or of a simulated one. Every verb may run at the same time as others, and may be repeated. A verb
// whose context ends stops; AWS is left as the last finished call left it, and the same verb goes on from there.
type Client struct {
	mutex  sync.RWMutex
	handle *C.XksClient
}

// NewClient makes a client. Nothing is asked of AWS, and no file is read, before a verb needs it.
func NewClient(options Options) (*Client, error) {
	accounts := map[string]any{"network": options.Network}
	functions := &callbacks{
		publisher: options.Publisher, credential: options.Credential, network: options.Network.Credentials, logger: options.Logger,
	}
	if options.DNS != nil {
		accounts["dns"], functions.dns = options.DNS, options.DNS.Credentials
	}
	if options.KMS != nil {
		accounts["kms"], functions.kms = options.KMS, options.KMS.Credentials
	}
	text, err := json.Marshal(accounts)
	if err != nil {
		return nil, invalid("options", err.Error(), "give other accounts")
	}
	a, free := lent(string(text))
	defer free()
	var world *C.XksSimulator
	if options.Simulated != nil {
		world = options.Simulated.handle
	}
	given := functions.toC(cgo.NewHandle(functions)) // xksGoDone lets go of it
	var failure *C.char
	handle := C.xks_client_new(a, &given, world, &failure)
	runtime.KeepAlive(options.Simulated)
	if handle == nil {
		return nil, failed(failure)
	}
	return &Client{handle: handle}, nil
}

// Close ends the client, once its running verbs have ended. Later calls fail with the kind `closed`.
func (c *Client) Close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.handle != nil {
		C.xks_client_free(c.handle)
		c.handle = nil
	}
}

// Plan says what would change to make the spec true. Reads only.
func (c *Client) Plan(ctx context.Context, spec *Connectivity) (*Plan, error) {
	return as[Plan](c.verb(ctx, "plan", spec, arguments{}, nil))
}

// Apply makes a plan true, and waits for the end.
func (c *Client) Apply(ctx context.Context, plan *Plan, options *RunOptions) (*Report, error) {
	if plan == nil || plan.document == nil {
		return nil, invalid("plan", "is nil", "give a plan, as Plan returns it")
	}
	if options == nil {
		options = &RunOptions{}
	}
	return as[Report](c.run(ctx, "apply", plan.document, arguments{Consent: options.Consent}, options.OnEvent))
}

// PlanTeardown says what it would take to take a store down. Reads only.
func (c *Client) PlanTeardown(ctx context.Context, target Target) (*Plan, error) {
	return as[Plan](c.verb(ctx, "plan_teardown", target, arguments{}, nil))
}

// Teardown takes a store down, and waits for the end: plan and apply in one.
func (c *Client) Teardown(ctx context.Context, target Target, options *RunOptions) (*Report, error) {
	if options == nil {
		options = &RunOptions{}
	}
	return as[Report](c.verb(ctx, "teardown", target, arguments{Consent: options.Consent}, options.OnEvent))
}

// Status says how the store of a spec stands. Reads only.
func (c *Client) Status(ctx context.Context, spec *Connectivity) (*Status, error) {
	return as[Status](c.verb(ctx, "status", spec, arguments{}, nil))
}

// Verify checks every rule against AWS, for a store of any origin. Reads only.
func (c *Client) Verify(ctx context.Context, target Target) (*Verification, error) {
	return as[Verification](c.verb(ctx, "verify", target, arguments{}, nil))
}

// Facts are all that AWS tells about a store, and a probe of a spec if one is asked for. Reads only.
func (c *Client) Facts(ctx context.Context, target Target, probe *ProbeRequest) (*Facts, error) {
	return as[Facts](c.verb(ctx, "facts", target, arguments{Probe: probe}, nil))
}

// Diagnose says why a store does not connect, or its keys fail. told is what was seen: an error, a ConnectionErrorCode, a
// message, a log. Reads only.
func (c *Client) Diagnose(ctx context.Context, target Target, told string, probe *ProbeRequest) (*Diagnosis, error) {
	return as[Diagnosis](c.verb(ctx, "diagnose", target, arguments{Told: told, Probe: probe}, nil))
}

// Probe looks at what no AWS API tells, from this host: DNS, certificate, TLS and the proxy API. Reads only.
func (c *Client) Probe(ctx context.Context, spec *Connectivity, request ProbeRequest) (*ProbeReport, error) {
	return as[ProbeReport](c.verb(ctx, "probe", spec, arguments{Probe: &request}, nil))
}

func (c *Client) verb(
	ctx context.Context, verb string, target Target, with arguments, onEvent func(Event, string) error,
) (*document, error) {
	if target == nil {
		return nil, invalid("target", "is nil", "give a *Connectivity or a Named")
	}
	document, err := target.target(&with)
	if err != nil {
		return nil, err
	}
	return c.run(ctx, verb, document, with, onEvent)
}

func (c *Client) run(
	ctx context.Context, verb string, given *document, with arguments, onEvent func(Event, string) error,
) (*document, error) {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	if c.handle == nil {
		return nil, closed("client")
	}
	text, err := json.Marshal(with)
	if err != nil {
		return nil, invalid("arguments", err.Error(), "give others")
	}
	a, freeArguments := lent(string(text))
	defer freeArguments()
	v, freeVerb := lent(verb)
	defer freeVerb()
	var subject *C.XksDocument
	if given != nil {
		subject = given.handle
	}
	var failure *C.char
	run := C.xks_start(c.handle, v, subject, a, &failure)
	runtime.KeepAlive(given)
	return ended(ctx, run, failure, onEvent)
}

// ProbeName looks at a proxy without AWS and without a spec, under the private DNS name of its endpoint service: certificate and
// TLS, and what else the request and the API (or nil) ask for. Reads only.
func ProbeName(ctx context.Context, name, region string, proxy *ProxyAPI, request ProbeRequest) (*ProbeReport, error) {
	n, freeName := lent(name)
	defer freeName()
	r, freeRegion := lent(region)
	defer freeRegion()
	text, err := json.Marshal(request)
	if err != nil {
		return nil, invalid("request", err.Error(), "give another")
	}
	q, freeRequest := lent(string(text))
	defer freeRequest()
	var p *C.char
	if proxy != nil {
		text, err := json.Marshal(proxy)
		if err != nil {
			return nil, invalid("proxy", err.Error(), "give another")
		}
		var freeProxy func()
		p, freeProxy = lent(string(text))
		defer freeProxy()
	}
	var failure *C.char
	run := C.xks_probe_name(n, r, p, q, &failure)
	return as[ProbeReport](ended(ctx, run, failure, nil))
}

// ended waits for the end of a run that has begun, and frees it.
func ended(ctx context.Context, run *C.XksRun, failure *C.char, onEvent func(Event, string) error) (*document, error) {
	if run == nil {
		return nil, failed(failure)
	}
	defer C.xks_run_free(run)
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.xks_run_cancel(run)
		close(cancelled)
	})
	defer func() {
		if !stop() {
			<-cancelled // the run is not freed while it is being cancelled
		}
	}()
	return waited(ctx, run, onEvent)
}

// round is how long a wait stays in the library, in seconds; it ends at once when there is something.
const round = 3600

func waited(ctx context.Context, run *C.XksRun, onEvent func(Event, string) error) (*document, error) {
	for {
		var event, line *C.char
		switch C.xks_run_next(run, round, &event, &line) {
		case 1:
			told, shown := taken(event), taken(line)
			if onEvent == nil {
				continue
			}
			read := Event{JSON: json.RawMessage(told)}
			err := json.Unmarshal([]byte(told), &read)
			if err == nil {
				err = onEvent(read, shown)
			}
			if err != nil {
				return nil, err
			}
		case 0:
			var document *C.XksDocument
			var failure *C.char
			if C.xks_run_result(run, round, &document, &failure) == 1 {
				return held(document), nil
			}
			err := failed(failure)
			if own, is := err.(*Error); is && own.Kind == ErrorKindCancelled {
				own.cause = context.Cause(ctx)
			}
			return nil, err
		}
	}
}
