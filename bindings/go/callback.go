package xkslink

/*
#include <stdint.h>
#include <xkslink.h>

XksCallbacks xks_go_callbacks(uintptr_t callbacks, int publisher, int credential, int network, int dns, int kms, int log);
*/
import "C"

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/cgo"
	"time"
	"unsafe"
)

// DNSPublisher publishes the TXT record, for the domain `callback`. Its methods are called on threads of their own.
type DNSPublisher interface {
	// Publish publishes the record. It may be there already.
	Publish(ctx context.Context, record TxtRecord) error
	// Withdraw takes the record out again. It may be gone already.
	Withdraw(ctx context.Context, record TxtRecord) error
}

// ProxyCredential is the credential of the proxy.
type ProxyCredential struct {
	// 20 to 30 characters of `A`-`Z` and `2`-`7`.
	AccessKeyID string `json:"access_key_id"`
	// 43 to 64 characters of `A`-`Z`, `a`-`z`, `0`-`9`, `/`, `+` and `=`.
	RawSecretAccessKey Secret `json:"raw_secret_access_key"`
}

// AWSCredentials are AWS credentials.
type AWSCredentials struct {
	// `AKIA…` or `ASIA…`.
	AccessKeyID string
	// The secret.
	SecretAccessKey Secret
	// For temporary credentials.
	SessionToken Secret
	// When they end; the zero time for never. The source is asked again before.
	ExpiresAt time.Time
}

// CredentialSource gives AWS credentials in the place of the standard chain. It is asked again when they end. A provider of
// the AWS SDK for Go v2 becomes one with a function of three lines.
type CredentialSource func(ctx context.Context) (AWSCredentials, error)

// callbacks are the functions of one client.
type callbacks struct {
	publisher         DNSPublisher
	credential        func(ctx context.Context) (ProxyCredential, error)
	network, dns, kms CredentialSource
	logger            *slog.Logger
}

func (c *callbacks) toC(handle cgo.Handle) C.XksCallbacks {
	there := func(there bool) C.int {
		if there {
			return 1
		}
		return 0
	}
	return C.xks_go_callbacks(C.uintptr_t(handle), there(c.publisher != nil), there(c.credential != nil),
		there(c.network != nil), there(c.dns != nil), there(c.kms != nil), there(c.logger != nil))
}

// panicError is a panic of a callback; what it panicked with is its cause if that is an error.
type panicError struct{ value any }

func (p panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func (p panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// call runs a function of the caller; no panic gets into the library.
func call(context unsafe.Pointer, answer *C.XksAnswer, function func(*callbacks) (any, error)) {
	given, err := func() (given any, err error) {
		defer func() {
			if panicked := recover(); panicked != nil {
				err = panicError{panicked}
			}
		}()
		return function(cgo.Handle(uintptr(context)).Value().(*callbacks))
	}()
	if err == nil {
		var text []byte
		if text, err = json.Marshal(given); err == nil {
			lent, free := lent(string(text))
			defer free()
			C.xks_answer(answer, lent)
			return
		}
	}
	why, free := lent(err.Error())
	defer free()
	C.xks_refuse(answer, why, C.uintptr_t(cgo.NewHandle(err)))
}

//export xksGoRelease
func xksGoRelease(thrown C.uintptr_t) { cgo.Handle(thrown).Delete() }

//export xksGoDone
func xksGoDone(context unsafe.Pointer) { cgo.Handle(uintptr(context)).Delete() }

// levels are those of the library.
var levels = map[string]slog.Level{
	"error": slog.LevelError, "warn": slog.LevelWarn, "info": slog.LevelInfo, "debug": slog.LevelDebug, "trace": slog.LevelDebug - 4,
}

//export xksGoLog
func xksGoLog(ctx unsafe.Pointer, level, target, message *C.char) {
	defer func() { _ = recover() }() // a handler that panics changes nothing
	logger := cgo.Handle(uintptr(ctx)).Value().(*callbacks).logger
	at := slog.String("target", C.GoString(target))
	logger.LogAttrs(context.Background(), levels[C.GoString(level)], C.GoString(message), at)
}

func tell(ctx unsafe.Pointer, input *C.char, answer *C.XksAnswer, do func(DNSPublisher, TxtRecord) error) {
	call(ctx, answer, func(c *callbacks) (any, error) {
		var record TxtRecord
		if err := json.Unmarshal([]byte(C.GoString(input)), &record); err != nil {
			return nil, err
		}
		return "", do(c.publisher, record)
	})
}

func give(ctx unsafe.Pointer, answer *C.XksAnswer, source func(*callbacks) CredentialSource) {
	call(ctx, answer, func(c *callbacks) (any, error) {
		given, err := source(c)(context.Background())
		keys := map[string]any{
			"access_key_id": given.AccessKeyID, "secret_access_key": string(given.SecretAccessKey),
		}
		if given.SessionToken != "" {
			keys["session_token"] = string(given.SessionToken)
		}
		if !given.ExpiresAt.IsZero() {
			keys["expires_at"] = given.ExpiresAt.Unix()
		}
		return keys, err
	})
}

//export xksGoPublish
func xksGoPublish(ctx unsafe.Pointer, input *C.char, answer *C.XksAnswer) {
	tell(ctx, input, answer, func(publisher DNSPublisher, record TxtRecord) error {
		return publisher.Publish(context.Background(), record)
	})
}

//export xksGoWithdraw
func xksGoWithdraw(ctx unsafe.Pointer, input *C.char, answer *C.XksAnswer) {
	tell(ctx, input, answer, func(publisher DNSPublisher, record TxtRecord) error {
		return publisher.Withdraw(context.Background(), record)
	})
}

//export xksGoCredential
func xksGoCredential(ctx unsafe.Pointer, _ *C.char, answer *C.XksAnswer) {
	call(ctx, answer, func(c *callbacks) (any, error) { return c.credential(context.Background()) })
}

//export xksGoNetwork
func xksGoNetwork(ctx unsafe.Pointer, _ *C.char, answer *C.XksAnswer) {
	give(ctx, answer, func(c *callbacks) CredentialSource { return c.network })
}

//export xksGoDNS
func xksGoDNS(ctx unsafe.Pointer, _ *C.char, answer *C.XksAnswer) {
	give(ctx, answer, func(c *callbacks) CredentialSource { return c.dns })
}

//export xksGoKMS
func xksGoKMS(ctx unsafe.Pointer, _ *C.char, answer *C.XksAnswer) {
	give(ctx, answer, func(c *callbacks) CredentialSource { return c.kms })
}
