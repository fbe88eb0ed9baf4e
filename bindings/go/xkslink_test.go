package xkslink_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	xkslink "github.com/xkslink/xkslink/bindings/go"
)

func connectivity() *xkslink.Connectivity {
	return &xkslink.Connectivity{
		Name:           "payments-hsm",
		Region:         "eu-central-1",
		Network:        xkslink.Network{Type: "create", CIDR: "10.60.0.0/24"},
		DataCenter:     []string{"10.0.0.0/16"},
		Link:           xkslink.Link{Type: "vpn_gateway"},
		Proxy:          xkslink.Proxy{Addresses: []string{"10.0.8.10", "10.0.8.11"}},
		PrivateDNSName: "xks.payments.example.com",
		Domain:         xkslink.Domain{Type: "route53"},
		KeyStore: &xkslink.KeyStore{
			Path: "/payments/kms/xks/v1",
			Credential: xkslink.Credential{
				Type:               "value",
				AccessKeyID:        "ABCDEFGHIJKLMNOPQRSTUVWX",
				RawSecretAccessKey: "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==",
			},
		},
	}
}

func simulated(t *testing.T, speed float64) (*xkslink.SimulatedAWS, *xkslink.Client) {
	t.Helper()
	aws, err := xkslink.NewSimulatedAWS(xkslink.World{HostedZones: []string{"example.com"}, Speed: speed})
	if err != nil {
		t.Fatal(err)
	}
	client, err := xkslink.NewClient(xkslink.Options{Simulated: aws})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return aws, client
}

func TestPlanApplyVerifyTeardown(t *testing.T) {
	aws, client := simulated(t, 0)
	ctx := context.Background()
	plan, err := client.Plan(ctx, connectivity())
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	report, err := client.Apply(ctx, plan, &xkslink.RunOptions{OnEvent: func(xkslink.Event, string) error { lines++; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if content, err := report.Content(); err != nil || content.IDS.ConnectionState != "CONNECTED" || lines < 20 {
		t.Fatal(content, err, lines)
	}
	verification, err := client.Verify(ctx, connectivity())
	if err != nil {
		t.Fatal(err)
	}
	content, err := verification.Content()
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range content.Checks {
		if check.Verdict == "fail" && check.Severity != xkslink.SeverityRisk {
			t.Error(check)
		}
	}
	target := xkslink.Named{Name: "payments-hsm", Region: "eu-central-1"}
	consent := &xkslink.RunOptions{Consent: []xkslink.Consent{xkslink.ConsentDisconnect}}
	if _, err := client.Teardown(ctx, target, consent); err != nil {
		t.Fatal(err)
	}
	if census, err := aws.Census(); err != nil || census["vpcs"] != 0 {
		t.Fatal(census, err)
	}
}

func TestAContextThatEndsStopsTheRun(t *testing.T) {
	aws, client := simulated(t, 200)
	plan, err := client.Plan(context.Background(), connectivity())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	begun := make(chan struct{})
	go func() {
		<-begun
		cancel()
	}()
	told := 0
	_, err = client.Apply(ctx, plan, &xkslink.RunOptions{OnEvent: func(xkslink.Event, string) error {
		if told++; told == 3 {
			close(begun)
		}
		return nil
	}})
	var own *xkslink.Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &own) || own.Kind != xkslink.ErrorKindCancelled || !own.Retryable {
		t.Fatal(err)
	}
	before, _ := aws.Requests()
	time.Sleep(300 * time.Millisecond)
	if after, _ := aws.Requests(); len(after) != len(before) {
		t.Error("the run goes on asking AWS")
	}
}

func TestADeadlineStopsAVerbThatWaits(t *testing.T) {
	_, client := simulated(t, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := client.Plan(ctx, connectivity()); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestEveryProblemOfASpecIsTold(t *testing.T) {
	_, client := simulated(t, 0)
	spec := connectivity()
	spec.Name, spec.DataCenter = "", []string{"10.60.0.0/16"}
	_, err := client.Plan(context.Background(), spec)
	var own *xkslink.Error
	if !errors.As(err, &own) || own.Kind != xkslink.ErrorKindInvalidSpec || len(own.Problems) < 2 {
		t.Fatal(err)
	}
}

func TestATextIsNotCutAtANUL(t *testing.T) {
	_, err := xkslink.ReadSpec("version: 1\nname: a\x00b", "yaml")
	var own *xkslink.Error
	if !errors.As(err, &own) || own.Kind != xkslink.ErrorKindInvalidArgument || !strings.HasPrefix(own.Message, "text: ") {
		t.Fatal(err)
	}
}

func TestAPanicInAListenerIsTheCallersOwn(t *testing.T) {
	_, client := simulated(t, 0)
	plan, err := client.Plan(context.Background(), connectivity())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() != "mine" {
			t.Error("another panic")
		}
	}()
	_, _ = client.Apply(context.Background(), plan, &xkslink.RunOptions{OnEvent: func(xkslink.Event, string) error { panic("mine") }})
}

// refusing publishes nothing.
type refusing struct{ fail func() error }

func (r refusing) Publish(context.Context, xkslink.TxtRecord) error { return r.fail() }

func (r refusing) Withdraw(context.Context, xkslink.TxtRecord) error { return nil }

func TestTheErrorOfACallbackIsTheCause(t *testing.T) {
	aws, err := xkslink.NewSimulatedAWS(xkslink.World{})
	if err != nil {
		t.Fatal(err)
	}
	noRoute := errors.New("no route")
	for name, fail := range map[string]func() error{
		"returned": func() error { return noRoute },
		"panicked": func() error { panic(noRoute) },
	} {
		t.Run(name, func(t *testing.T) {
			client, err := xkslink.NewClient(xkslink.Options{Publisher: refusing{fail}, Simulated: aws})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			spec := connectivity()
			spec.Domain = xkslink.Domain{Type: "callback"}
			plan, err := client.Plan(context.Background(), spec)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Apply(context.Background(), plan, nil)
			var own *xkslink.Error
			if !errors.Is(err, noRoute) || !errors.As(err, &own) || own.Kind != xkslink.ErrorKindCallback {
				t.Fatal(err)
			}
		})
	}
}

func TestNoTextShowsASecret(t *testing.T) {
	spec := connectivity()
	written, err := spec.Write(xkslink.YAML)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{written, fmt.Sprintf("%v %+v %#v", spec.KeyStore, *spec.KeyStore, *spec.KeyStore)} {
		if strings.Contains(text, "c2Vj") {
			t.Error(text)
		}
	}
}

func TestDocumentsAreReadBackAsTheyWere(t *testing.T) {
	_, client := simulated(t, 0)
	ctx := context.Background()
	// A plan with a secret in its spec is not written as it was.
	spec := connectivity()
	spec.KeyStore.Credential = xkslink.Credential{Type: "environment", AccessKeyID: "XKS_KEY_ID", RawSecretAccessKey: "XKS_SECRET"}
	plan, err := client.Plan(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	status, err := client.Status(ctx, connectivity())
	if err != nil {
		t.Fatal(err)
	}
	verification, err := client.Verify(ctx, connectivity())
	if err != nil {
		t.Fatal(err)
	}
	diagnosis, err := client.Diagnose(ctx, connectivity(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := client.Facts(ctx, connectivity(), nil)
	if err != nil {
		t.Fatal(err)
	}
	type document interface{ JSON() (string, error) }
	for _, each := range []struct {
		made document
		read func(text string) (document, error)
	}{
		{plan, func(text string) (document, error) { return xkslink.ReadPlan(text) }},
		{status, func(text string) (document, error) { return xkslink.ReadStatus(text) }},
		{verification, func(text string) (document, error) { return xkslink.ReadVerification(text) }},
		{diagnosis, func(text string) (document, error) { return xkslink.ReadDiagnosis(text) }},
		{facts, func(text string) (document, error) { return xkslink.ReadFacts(text) }},
	} {
		text, err := each.made.JSON()
		if err != nil {
			t.Fatal(err)
		}
		read, err := each.read(text)
		if err != nil {
			t.Fatalf("%T: %v", each.made, err)
		}
		if again, err := read.JSON(); err != nil || again != text {
			t.Errorf("%T: %v", each.made, err)
		}
	}
}

func TestAProxyAndANameServerOfTheWorldAreProbed(t *testing.T) {
	aws, _ := simulated(t, 0)
	defer aws.End()
	proxy, err := aws.StartProxy(map[string]any{"addresses": []string{"10.0.8.10"}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := aws.StartDNS()
	if err != nil {
		t.Fatal(err)
	}
	report, err := xkslink.ProbeName(context.Background(), "xks.payments.example.com", "eu-central-1", nil, xkslink.ProbeRequest{
		Addresses: []string{proxy.Address}, TrustedRoots: proxy.Root, DNS: true, Resolvers: []string{server}, NameServers: []string{server},
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := report.Content()
	if err != nil || len(content.TLS) != 1 || content.TLS[0].Connect.Connect != "connected" || content.DNS == nil {
		text, _ := report.JSON()
		t.Fatal(err, text)
	}
	text, err := report.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if read, err := xkslink.ReadProbeReport(text); err != nil || read == nil {
		t.Error(err)
	}
	if now, err := aws.Now(); err != nil || now < 0 {
		t.Error(now, err)
	}
}

func TestThreadsOfTheLibraryGetNoSIGPIPE(t *testing.T) {
	_, client := simulated(t, 0)
	if _, err := client.Plan(context.Background(), connectivity()); err != nil {
		t.Fatal(err)
	}
	threads, _ := filepath.Glob("/proc/self/task/*/status")
	seen := 0
	for _, thread := range threads {
		status, err := os.ReadFile(thread)
		if err != nil || !bytes.HasPrefix(status, []byte("Name:\txkslink")) {
			continue
		}
		seen++
		var blocked uint64
		if _, mask, found := bytes.Cut(status, []byte("SigBlk:\t")); found {
			_, _ = fmt.Sscanf(string(mask), "%x", &blocked)
		}
		if blocked&(1<<(syscall.SIGPIPE-1)) == 0 {
			t.Errorf("%s:\n%s", thread, status)
		}
	}
	if seen == 0 && runtime.GOOS == "linux" {
		t.Error("no thread of the library is there")
	}
}

type silent struct{ _ [8]byte }

func (*silent) Publish(context.Context, xkslink.TxtRecord) error  { return nil }
func (*silent) Withdraw(context.Context, xkslink.TxtRecord) error { return nil }

func TestAClosedClientLetsGoOfItsFunctions(t *testing.T) {
	gone := make(chan struct{})
	func() {
		publisher := &silent{}
		runtime.AddCleanup(publisher, func(gone chan struct{}) { close(gone) }, gone)
		client, err := xkslink.NewClient(xkslink.Options{Publisher: publisher})
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
	}()
	for {
		runtime.GC()
		select {
		case <-gone:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestNothingIsClosedTwice(t *testing.T) {
	_, client := simulated(t, 0)
	client.Close()
	client.Close()
	var own *xkslink.Error
	if _, err := client.Plan(context.Background(), connectivity()); !errors.As(err, &own) || own.Kind != xkslink.ErrorKindClosed {
		t.Fatal(err)
	}
}
