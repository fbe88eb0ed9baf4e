// Command driver is the driver of the conformance suite: see bindings/conformance/README.md.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	xkslink "github.com/xkslink/xkslink/bindings/go"
)

const (
	keyID  = "ABCDEFGHIJKLMNOPQRSTUVWX"
	secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=="
)

// word is what the driver is told.
type word struct {
	Do          string            `json:"do"`
	HostedZones []string          `json:"hosted_zones"`
	Speed       float64           `json:"speed"`
	KMSAccount  string            `json:"kms_account"`
	Credentials bool              `json:"credentials"`
	Throws      string            `json:"throws"`
	Log         bool              `json:"log"`
	Deed        json.RawMessage   `json:"deed"`
	Script      json.RawMessage   `json:"script"`
	Seconds     float64           `json:"seconds"`
	Spec        json.RawMessage   `json:"spec"`
	Name        string            `json:"name"`
	Region      string            `json:"region"`
	Plan        string            `json:"plan"`
	Consent     []xkslink.Consent `json:"consent"`
	Listener    bool              `json:"listener"`
	CancelAfter int               `json:"cancel_after"`
	Address     string            `json:"address"`
	Text        string            `json:"text"`
	Format      xkslink.Format    `json:"format"`
}

type record struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type driver struct {
	aws    *xkslink.SimulatedAWS
	client *xkslink.Client
	plan   *xkslink.Plan
	report *xkslink.Report
	throws string
	threw  error
	mutex  sync.Mutex
	called map[string]int
	logged []map[string]string
}

func (d *driver) call(name string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.called[name]++
}

func (d *driver) elsewhere() (served []record) {
	text, _ := d.aws.World()
	var world struct {
		Route53 struct{ Elsewhere [][2]string }
	}
	_ = json.Unmarshal(text, &world)
	for _, each := range world.Route53.Elsewhere {
		served = append(served, record{each[0], each[1]})
	}
	return served
}

func (d *driver) serve(records []record) error {
	if records == nil {
		records = []record{}
	}
	_, err := d.aws.Deed(map[string]any{"set": "elsewhere", "to": records})
	return err
}

// Publish publishes outside of Route 53.
func (d *driver) Publish(_ context.Context, given xkslink.TxtRecord) error {
	d.call("publish")
	if d.throws != "" {
		d.threw = errors.New(d.throws)
		return d.threw
	}
	served, this := d.elsewhere(), record{given.Name, given.Value}
	if slices.Contains(served, this) {
		return nil
	}
	return d.serve(append(served, this))
}

// Withdraw takes it out again.
func (d *driver) Withdraw(_ context.Context, given xkslink.TxtRecord) error {
	return d.serve(slices.DeleteFunc(d.elsewhere(), func(each record) bool { return each.Value == given.Value }))
}

// Write keeps a line of the log.
func (d *driver) Write(line []byte) (int, error) {
	var record map[string]string
	if err := json.Unmarshal(line, &record); err != nil {
		return 0, err
	}
	d.mutex.Lock()
	d.logged = append(d.logged, map[string]string{
		"level": strings.ToLower(record["level"]), "target": record["target"], "message": record["msg"],
	})
	d.mutex.Unlock()
	if d.throws != "" {
		panic(d.throws)
	}
	return len(line), nil
}

func (d *driver) newClient(w word) (err error) {
	options := xkslink.Options{Publisher: d, Simulated: d.aws}
	options.Credential = func(context.Context) (xkslink.ProxyCredential, error) {
		d.call("credential")
		return xkslink.ProxyCredential{AccessKeyID: keyID, RawSecretAccessKey: secret}, nil
	}
	if w.KMSAccount != "" {
		options.KMS = &xkslink.Account{Account: w.KMSAccount}
	}
	if w.Credentials {
		options.Network.Credentials = func(context.Context) (xkslink.AWSCredentials, error) {
			d.call("aws_credentials")
			return xkslink.AWSCredentials{AccessKeyID: "AKIA111122223333", SecretAccessKey: "simulated"}, nil
		}
	}
	if w.Log {
		options.Logger = slog.New(slog.NewJSONHandler(d, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	d.throws = w.Throws
	d.client, err = xkslink.NewClient(options)
	return err
}

func (w word) spec() (*xkslink.Connectivity, error) {
	return xkslink.ReadSpec(string(w.Spec), xkslink.JSON)
}

func (w word) target() (xkslink.Target, error) {
	if w.Name != "" {
		return xkslink.Named{Name: w.Name, Region: w.Region}, nil
	}
	return w.spec()
}

func (d *driver) run(w word, answer map[string]any) (any, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	events := []json.RawMessage{}
	defer func() { answer["events"] = events }()
	options := &xkslink.RunOptions{Consent: w.Consent, OnEvent: func(event xkslink.Event, _ string) error {
		if w.Listener && w.Throws != "" {
			return errors.New(w.Throws)
		}
		events = append(events, event.JSON)
		if len(events) == w.CancelAfter {
			cancel()
		}
		return nil
	}}
	var err error
	if w.Do == "teardown" {
		var target xkslink.Target
		if target, err = w.target(); err == nil {
			d.report, err = d.client.Teardown(ctx, target, options)
		}
	} else {
		plan := d.plan
		if w.Plan != "" {
			plan, err = xkslink.ReadPlan(w.Plan)
		}
		if err == nil {
			d.report, err = d.client.Apply(ctx, plan, options)
		}
	}
	if err != nil {
		return nil, err
	}
	return d.report.JSON()
}

func (d *driver) does(w word, answer map[string]any) (any, error) {
	ctx := context.Background()
	switch w.Do {
	case "version":
		return xkslink.Version(), nil
	case "world":
		d.called = map[string]int{"publish": 0, "credential": 0, "aws_credentials": 0}
		d.logged = nil
		var err error
		d.aws, err = xkslink.NewSimulatedAWS(xkslink.World{HostedZones: w.HostedZones, Speed: w.Speed})
		return nil, err
	case "client":
		return nil, d.newClient(w)
	case "deed":
		return d.aws.Deed(w.Deed)
	case "script":
		return nil, d.aws.DuringRun(w.Script)
	case "requests":
		return d.aws.Requests()
	case "census":
		return d.aws.Census()
	case "called":
		return d.called, nil
	case "logged":
		d.mutex.Lock()
		defer d.mutex.Unlock()
		return slices.Clone(d.logged), nil
	case "sleep":
		time.Sleep(time.Duration(w.Seconds * float64(time.Second)))
		return nil, nil
	case "apply", "teardown":
		return d.run(w, answer)
	case "plan", "status", "write_spec":
		spec, err := w.spec()
		if err != nil {
			return nil, err
		}
		switch w.Do {
		case "write_spec":
			return spec.Write(w.Format)
		case "status":
			return text(d.client.Status(ctx, spec))
		}
		d.plan, err = d.client.Plan(ctx, spec)
		return text(d.plan, err)
	case "plan_teardown", "verify":
		target, err := w.target()
		if err != nil {
			return nil, err
		}
		if w.Do == "verify" {
			return text(d.client.Verify(ctx, target))
		}
		return text(d.client.PlanTeardown(ctx, target))
	case "read_spec":
		spec, err := xkslink.ReadSpec(w.Text, w.Format)
		if err != nil {
			return nil, err
		}
		return spec.Name, nil
	case "judged":
		return d.judged(w)
	case "policies":
		return d.policies(w)
	case "diagnose_text":
		return text(xkslink.DiagnoseText(w.Text))
	case "probe_name":
		return text(xkslink.ProbeName(ctx, w.Name, w.Region, nil, xkslink.ProbeRequest{Addresses: []string{w.Address}}))
	case "typed":
		plan, _ := d.plan.Content()
		usual, _ := d.plan.UsuallyTakes()
		report, err := d.report.Content()
		return map[string]any{
			"store": plan.Store, "usually_takes_seconds": usual.Seconds(), "steps": len(report.Steps),
			"connection_state": report.IDS.ConnectionState,
		}, err
	case "texts":
		return d.texts(w)
	case "null":
		return d.client.Plan(ctx, nil)
	case "closed":
		spec, _ := w.spec()
		d.client.Close()
		return d.client.Plan(ctx, spec)
	case "end":
		d.aws.End()
		return nil, nil
	}
	return nil, fmt.Errorf("`%s` is not known", w.Do)
}

func (d *driver) judged(w word) (any, error) {
	target, err := w.target()
	if err != nil {
		return nil, err
	}
	facts, err := d.client.Facts(context.Background(), target, nil)
	if err != nil {
		return nil, err
	}
	verification, err := text(facts.Verify())
	if err != nil {
		return nil, err
	}
	diagnosis, err := text(facts.Diagnose(w.Text))
	return map[string]any{"verification": verification, "diagnosis": diagnosis}, err
}

func (d *driver) policies(w word) (any, error) {
	spec, err := w.spec()
	if err != nil {
		return nil, err
	}
	plan, err := d.plan.Policies()
	if err != nil {
		return nil, err
	}
	verify, err := spec.Policies(xkslink.ReadingVerify)
	return map[string]string{"plan": plan, "verify": verify}, err
}

func (d *driver) texts(w word) (any, error) {
	target, err := w.target()
	if err != nil {
		return nil, err
	}
	verification, err := d.client.Verify(context.Background(), target)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for name, write := range map[string]func() (string, error){
		"mermaid": d.plan.Mermaid, "svg": d.report.SVG, "html": verification.HTML, "text": d.plan.Text, "markdown": d.report.Markdown,
	} {
		if texts[name], err = write(); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// text is a document as JSON.
func text(document interface{ JSON() (string, error) }, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return document.JSON()
}

func main() {
	d, in, out := &driver{}, bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var w word
		answer := map[string]any{}
		err = json.Unmarshal(line, &w)
		if err == nil {
			answer["ok"], err = d.does(w, answer)
		}
		if err != nil {
			delete(answer, "ok")
			answer["error"] = map[string]any{"message": err.Error()}
			var own *xkslink.Error
			if errors.As(err, &own) {
				answer["error"] = struct {
					*xkslink.Error
					CauseIsOwn bool `json:"cause_is_own"`
				}{own, d.threw != nil && errors.Is(own, d.threw)}
				if own.Report != nil {
					answer["report"], _ = own.Report.JSON()
				}
			}
		}
		if err := out.Encode(answer); err != nil {
			panic(err)
		}
	}
}
