// Package xkslink connects an AWS KMS external key store through a VPC endpoint service, keeps it connected, and says why it is
// not: plan, apply, verify, diagnose, probe, teardown.
//
// It stands on the library's C interface: the linker needs libxkslink_ffi, and the compiler xkslink.h. See README.md.
package xkslink

/*
#cgo LDFLAGS: -lxkslink_ffi
#include <stdlib.h>
#include <xkslink.h>
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"runtime/cgo"
	"strings"
	"unsafe"
)

// Version of the library.
func Version() string {
	return C.GoString(C.xks_version())
}

// Schema is the JSON Schema (2020-12) of a sort of documents: `connectivity` is a spec, the others are named as what verbs give.
func Schema(name string) (string, error) {
	n, free := lent(name)
	defer free()
	var err *C.char
	text := C.xks_schema(n, &err)
	if text == nil {
		return "", failed(err)
	}
	return taken(text), nil
}

// Secret is a text that no formatting shows. It goes to the library and nowhere else.
type Secret string

// String withholds the secret.
func (Secret) String() string { return "(withheld)" }

// GoString withholds the secret.
func (Secret) GoString() string { return "(withheld)" }

// Problem is one thing that is wrong with a spec.
type Problem struct {
	// The field, such as `proxy.addresses[1]`.
	Field string `json:"field"`
	// The rule of AWS that it breaks, such as `TGT-05`.
	Rule string `json:"rule"`
	// What is wrong.
	What string `json:"what"`
	// What to write instead.
	Help string `json:"help"`
}

// Error says what was being done, what went wrong, and what to do. Use errors.As to get at it.
type Error struct {
	// What a caller can decide by: one of ErrorKind, or `cancelled`, `invalid_argument`, `closed`, `internal`.
	Kind ErrorKind `json:"kind"`
	// What was being done and what went wrong.
	Message string `json:"message"`
	// What a person can do about it.
	Help string `json:"help"`
	// The resource it happened at, such as `subnet euc1-az1`.
	Resource string `json:"resource"`
	// AWS's own error code.
	AWSCode string `json:"aws_code"`
	// AWS's request id, for support cases.
	RequestID string `json:"request_id"`
	// Whether the same call may succeed later without any change.
	Retryable bool `json:"retryable"`
	// Every problem of a spec; empty for other errors.
	Problems []Problem `json:"problems"`
	// The rules that do not hold, when that is why.
	Broken []Check `json:"broken"`
	// What Apply or Teardown had done until then, or nil.
	Report *Report `json:"-"`

	cause error
}

// Kinds of error that only the boundary between languages knows.
const (
	// The context ended, or the simulated AWS did. The same call goes on from there.
	ErrorKindCancelled ErrorKind = "cancelled"
	// An argument cannot be used; the message begins with its name.
	ErrorKindInvalidArgument ErrorKind = "invalid_argument"
	// What is used has been closed.
	ErrorKindClosed ErrorKind = "closed"
	// The library is at fault. Please report it.
	ErrorKindInternal ErrorKind = "internal"
)

// Error is message and help.
func (e *Error) Error() string {
	if e.Help == "" {
		return e.Message
	}
	return e.Message + "; " + e.Help
}

// Unwrap is why a context ended, or the error of a callback, if that is what stopped the call.
func (e *Error) Unwrap() error { return e.cause }

// taken takes a text that the library gave.
func taken(text *C.char) string {
	defer C.xks_free(text)
	return C.GoString(text)
}

// failed takes an error that the library gave. What a callback returned is its cause, and is there until the run is freed.
func failed(given *C.char) error {
	text := taken(given)
	var with struct {
		Error
		Report string     `json:"report"`
		Thrown cgo.Handle `json:"thrown"`
	}
	if err := json.Unmarshal([]byte(text), &with); err != nil {
		return fmt.Errorf("xkslink: %s", text)
	}
	if with.Report != "" {
		with.Error.Report, _ = ReadReport(with.Report)
	}
	if with.Thrown != 0 {
		with.Error.cause, _ = with.Thrown.Value().(error)
	}
	return &with.Error
}

// lent is a text for the time of a call; free it. A NUL in it would be its end for C: it goes as what is no UTF-8, so that the
// library refuses the text and says which argument it was.
func lent(text string) (*C.char, func()) {
	made := C.CString(strings.ReplaceAll(text, "\x00", "\xff"))
	return made, func() { C.free(unsafe.Pointer(made)) }
}

func closed(what string) error {
	return &Error{Kind: ErrorKindClosed, Message: "the " + what + " is closed", Help: "make a new " + what}
}

func invalid(name, what, help string) error {
	return &Error{Kind: ErrorKindInvalidArgument, Message: name + ": " + what, Help: help}
}
