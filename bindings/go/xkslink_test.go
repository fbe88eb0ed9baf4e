package xkslink_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

func TestNothingIsClosedTwice(t *testing.T) {
	_, client := simulated(t, 0)
	client.Close()
	client.Close()
	var own *xkslink.Error
	if _, err := client.Plan(context.Background(), connectivity()); !errors.As(err, &own) || own.Kind != xkslink.ErrorKindClosed {
		t.Fatal(err)
	}
}
