package xkslink

/*
#include <xkslink.h>
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"time"
)

// document is a document of the library. Its methods are those of all documents.
type document struct {
	handle *C.XksDocument
}

func held(handle *C.XksDocument) *document {
	made := &document{handle}
	runtime.AddCleanup(made, func(handle *C.XksDocument) { C.xks_document_free(handle) }, handle)
	return made
}

func read(kind, format, text string) (*document, error) {
	k, freeKind := lent(kind)
	defer freeKind()
	f, freeFormat := lent(format)
	defer freeFormat()
	t, freeText := lent(text)
	defer freeText()
	var err *C.char
	handle := C.xks_read(k, f, t, &err)
	if handle == nil {
		return nil, failed(err)
	}
	return held(handle), nil
}

func (d *document) write(form string) (string, error) {
	if d == nil {
		return "", invalid("document", "is nil", "give what the library gave")
	}
	f, free := lent(form)
	defer free()
	var err *C.char
	text := C.xks_write(d.handle, f, &err)
	runtime.KeepAlive(d)
	if text == nil {
		return "", failed(err)
	}
	return taken(text), nil
}

// JSON is the document as JSON, the same in every language. It holds no secret.
func (d *document) JSON() (string, error) { return d.write("json") }

// Text is text for people.
func (d *document) Text() (string, error) { return d.write("text") }

// Markdown is the document as Markdown.
func (d *document) Markdown() (string, error) { return d.write("markdown") }

func content[T any](d *document) (T, error) {
	var found T
	text, err := d.JSON()
	if err == nil {
		err = json.Unmarshal([]byte(text), &found)
	}
	return found, err
}

// as is a document as one of its sort.
func as[T ~struct{ *document }](found *document, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	made := T(struct{ *document }{found})
	return &made, nil
}

// Plan is what would change, before anything does. Applying it is approving it.
type Plan struct{ *document }

// Report is what Apply or Teardown did.
type Report struct{ *document }

// Status is how each resource of a store stands.
type Status struct{ *document }

// Verification is which rules hold.
type Verification struct{ *document }

// Diagnosis is why a store does not work: the causes, the likeliest first.
type Diagnosis struct{ *document }

// ProbeReport is what a probe of DNS, TLS and the proxy API saw.
type ProbeReport struct{ *document }

// Facts are what AWS and a probe told of a store.
type Facts struct{ *document }

// Content is what the plan says.
func (p *Plan) Content() (PlanDocument, error) { return content[PlanDocument](p.document) }

// NeedsConsent is what has to be agreed to before the plan can be applied.
func (p *Plan) NeedsConsent() ([]Consent, error) {
	var needed []Consent
	text, err := p.write("consent")
	if err == nil {
		err = json.Unmarshal([]byte(text), &needed)
	}
	return needed, err
}

// UsuallyTakes is how long AWS usually takes for the longest chain of steps.
func (p *Plan) UsuallyTakes() (time.Duration, error) {
	var seconds int64
	text, err := p.write("usually_takes_seconds")
	if err == nil {
		err = json.Unmarshal([]byte(text), &seconds)
	}
	return time.Duration(seconds) * time.Second, err
}

// Policies are the IAM policies that the plan needs, as JSON: `role`, `iam` (in IAM's own form) and `statements` of each.
func (p *Plan) Policies() (string, error) { return p.write("policies:apply") }

// SVG is the topology that the plan leads to, as a picture.
func (p *Plan) SVG() (string, error) { return p.write("svg") }

// Mermaid is the same as a Mermaid flowchart.
func (p *Plan) Mermaid() (string, error) { return p.write("mermaid") }

// Content is what the report says.
func (r *Report) Content() (ReportDocument, error) { return content[ReportDocument](r.document) }

// SVG is when each step ran, as a picture.
func (r *Report) SVG() (string, error) { return r.write("svg") }

// HTML is one HTML file to keep or send: how it ended, the timeline, and the text.
func (r *Report) HTML() (string, error) { return r.write("html") }

// Content is what the status says.
func (s *Status) Content() (StatusDocument, error) { return content[StatusDocument](s.document) }

// Content is what the verification says.
func (v *Verification) Content() (VerificationDocument, error) {
	return content[VerificationDocument](v.document)
}

// HTML is one HTML file to keep as evidence.
func (v *Verification) HTML() (string, error) { return v.write("html") }

// Content is what the diagnosis says.
func (d *Diagnosis) Content() (DiagnosisDocument, error) {
	return content[DiagnosisDocument](d.document)
}

// Content is what the probe saw.
func (p *ProbeReport) Content() (ProbeDocument, error) { return content[ProbeDocument](p.document) }

// Verify judges the facts by every rule.
func (f *Facts) Verify() (*Verification, error) {
	if f == nil || f.document == nil {
		return nil, invalid("facts", "is nil", "give what Facts returns")
	}
	var err *C.char
	handle := C.xks_verified(f.handle, &err)
	runtime.KeepAlive(f)
	if handle == nil {
		return nil, failed(err)
	}
	return &Verification{held(handle)}, nil
}

// Diagnose gives the causes of what was told: an error, a ConnectionErrorCode, a message, a log.
func (f *Facts) Diagnose(told string) (*Diagnosis, error) {
	if f == nil || f.document == nil {
		return nil, invalid("facts", "is nil", "give what Facts returns")
	}
	t, free := lent(told)
	defer free()
	var err *C.char
	handle := C.xks_diagnosed(f.handle, t, &err)
	runtime.KeepAlive(f)
	if handle == nil {
		return nil, failed(err)
	}
	return &Diagnosis{held(handle)}, nil
}

// ReadPlan reads a plan that JSON wrote.
func ReadPlan(text string) (*Plan, error) {
	return as[Plan](read("plan", "json", text))
}

// ReadReport reads a report that JSON wrote.
func ReadReport(text string) (*Report, error) {
	return as[Report](read("report", "json", text))
}

// ReadStatus reads a status that JSON wrote.
func ReadStatus(text string) (*Status, error) {
	return as[Status](read("status", "json", text))
}

// ReadVerification reads a verification that JSON wrote.
func ReadVerification(text string) (*Verification, error) {
	return as[Verification](read("verification", "json", text))
}

// ReadDiagnosis reads a diagnosis that JSON wrote.
func ReadDiagnosis(text string) (*Diagnosis, error) {
	return as[Diagnosis](read("diagnosis", "json", text))
}

// ReadProbeReport reads a report of a probe that JSON wrote.
func ReadProbeReport(text string) (*ProbeReport, error) {
	return as[ProbeReport](read("probe", "json", text))
}

// ReadFacts reads facts that JSON wrote.
func ReadFacts(text string) (*Facts, error) {
	return as[Facts](read("facts", "json", text))
}

// DiagnoseText says whom an error message accuses, without a look at AWS. Nothing of the text is kept.
func DiagnoseText(text string) (*Diagnosis, error) {
	t, free := lent(text)
	defer free()
	var err *C.char
	handle := C.xks_diagnose_text(t, &err)
	if handle == nil {
		return nil, failed(err)
	}
	return &Diagnosis{held(handle)}, nil
}

// Format is how a spec is written.
type Format string

// The formats of specs.
const (
	JSON Format = "json"
	TOML Format = "toml"
	YAML Format = "yaml"
)

// ReadSpec reads a spec from a document. The error has every problem at once.
func ReadSpec(text string, format Format) (*Connectivity, error) {
	document, err := read("spec", string(format), text)
	if err != nil {
		return nil, err
	}
	spec, err := content[Connectivity](document)
	if err != nil {
		return nil, err
	}
	secret, err := document.write("secret")
	if err == nil && secret != "" {
		spec.KeyStore.Credential.RawSecretAccessKey = Secret(secret)
	}
	return &spec, err
}

// Write checks a spec and writes it as a document, with every default written out. A secret is withheld.
func (c *Connectivity) Write(format Format) (string, error) {
	document, err := c.read()
	if err != nil {
		return "", err
	}
	return document.write(string(format))
}

// ReadingVerb is a verb that only reads.
type ReadingVerb string

// The verbs that only read.
const (
	ReadingStatus   ReadingVerb = "status"
	ReadingVerify   ReadingVerb = "verify"
	ReadingDiagnose ReadingVerb = "diagnose"
	ReadingProbe    ReadingVerb = "probe"
)

// Policies are the IAM policies that a verb which only reads needs, as JSON: `role`, `iam` (in IAM's own form) and `statements` of
// each.
func (c *Connectivity) Policies(verb ReadingVerb) (string, error) {
	document, err := c.read()
	if err != nil {
		return "", err
	}
	return document.write("policies:" + string(verb))
}

func (c *Connectivity) read() (*document, error) {
	if c == nil {
		return nil, invalid("spec", "is nil", "give a Connectivity")
	}
	spec := *c
	spec.Version = 1
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, invalid("spec", err.Error(), "give a Connectivity")
	}
	return read("spec", "json", string(text))
}
