// Command example is the quickstart in Go: plan, apply with events, verify, teardown. On a simulated AWS, or with the argument
// `aws` on the real one.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	xkslink "github.com/xkslink/xkslink/bindings/go"
)

var spec = &xkslink.Connectivity{
	Name:           "payments-hsm",
	Region:         "eu-central-1",
	Network:        xkslink.Network{Type: "create", CIDR: "10.60.0.0/24"},
	DataCenter:     []string{"10.0.0.0/16"},
	Link:           xkslink.Link{Type: "vpn_gateway"},
	Proxy:          xkslink.Proxy{Addresses: []string{"10.0.8.10", "10.0.8.11"}},
	PrivateDNSName: "xks.payments.example.com",
	Domain:         xkslink.Domain{Type: "route53"},
	KeyStore: &xkslink.KeyStore{
		Path:       "/payments/kms/xks/v1",
		Credential: xkslink.Credential{Type: "environment", AccessKeyID: "XKS_KEY_ID", RawSecretAccessKey: "XKS_SECRET"},
	},
}

func configured() (*xkslink.Client, error) {
	return xkslink.NewClient(xkslink.Options{
		Network: xkslink.Account{Profile: "network"},
		KMS:     &xkslink.Account{RoleARN: "arn:aws:iam::444455556666:role/keys"},
	})
}

func deploy(ctx context.Context, client *xkslink.Client) error {
	plan, err := client.Plan(ctx, spec)
	if err != nil {
		return err
	}
	fmt.Println(plan.Text())
	report, err := client.Apply(ctx, plan, &xkslink.RunOptions{
		OnEvent: func(_ xkslink.Event, line string) error { fmt.Println(line); return nil },
	})
	if err != nil {
		return err
	}
	fmt.Println(report.Text())
	verification, err := client.Verify(ctx, spec)
	if err != nil {
		return err
	}
	fmt.Println(verification.Text())
	return nil
}

func simulated(ctx context.Context) error {
	aws, err := xkslink.NewSimulatedAWS(xkslink.World{HostedZones: []string{"example.com"}})
	if err != nil {
		return err
	}
	client, err := xkslink.NewClient(xkslink.Options{Simulated: aws})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := deploy(ctx, client); err != nil {
		return err
	}
	consent := []xkslink.Consent{xkslink.ConsentDisconnect}
	if _, err := client.Teardown(ctx, spec, &xkslink.RunOptions{Consent: consent}); err != nil {
		return err
	}
	if census, err := aws.Census(); err != nil || census["vpcs"] != 0 {
		return fmt.Errorf("something is left: %v, %w", census, err)
	}
	return nil
}

func run(ctx context.Context) error {
	if len(os.Args) < 2 || os.Args[1] != "aws" {
		return simulated(ctx)
	}
	client, err := configured()
	if err != nil {
		return err
	}
	defer client.Close()
	return deploy(ctx, client)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}
