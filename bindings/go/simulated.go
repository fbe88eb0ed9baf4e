package xkslink

/*
#include <xkslink.h>
*/
import "C"

import (
	"encoding/json"
	"runtime"
)

// World is how a simulated AWS is made; the zero value is an empty one whose time is virtual.
type World struct {
	// Public hosted zones in Route 53.
	HostedZones []string `json:"hosted_zones,omitempty"`
	// Simulated seconds per real second; 0 for virtual time, which passes at once while a call waits for it.
	Speed float64 `json:"speed,omitempty"`
	// Seed of invented ids, and of what lags how much.
	Seed int `json:"seed,omitempty"`
	// How late EC2 and KMS show a write, in seconds; about one if nil.
	ConsistencySeconds *float64 `json:"consistency_seconds,omitempty"`
	// Whether nothing takes time but the calls.
	Instant bool `json:"instant,omitempty"`
	// Whether the world begins at the present date instead of 2026-01-01.
	BeginsNow bool `json:"begins_now,omitempty"`
}

// SimulatedAWS is a simulated EC2, Elastic Load Balancing, KMS, Route 53 and STS, in this process.
type SimulatedAWS struct {
	handle *C.XksSimulator
}

// NewSimulatedAWS makes a world.
func NewSimulatedAWS(world World) (*SimulatedAWS, error) {
	text, err := json.Marshal(world)
	if err != nil {
		return nil, invalid("world", err.Error(), "give other values")
	}
	w, free := lent(string(text))
	defer free()
	var failure *C.char
	handle := C.xks_simulator_new(w, &failure)
	if handle == nil {
		return nil, failed(failure)
	}
	made := &SimulatedAWS{handle}
	runtime.AddCleanup(made, func(handle *C.XksSimulator) { C.xks_simulator_free(handle) }, handle)
	return made, nil
}

func (s *SimulatedAWS) do(what, input string) (json.RawMessage, error) {
	w, freeWhat := lent(what)
	defer freeWhat()
	i, freeInput := lent(input)
	defer freeInput()
	var failure *C.char
	answer := C.xks_simulator_do(s.handle, w, i, &failure)
	runtime.KeepAlive(s)
	if answer == nil {
		return nil, failed(failure)
	}
	return json.RawMessage(taken(answer)), nil
}

func (s *SimulatedAWS) given(what string, input any) (json.RawMessage, error) {
	text, err := json.Marshal(input)
	if err != nil {
		return nil, invalid(what, err.Error(), "give what becomes JSON")
	}
	return s.do(what, string(text))
}

// Deed does what somebody else would do, as docs/simulator.md lists it, and gives AWS's answer.
func (s *SimulatedAWS) Deed(deed any) (json.RawMessage, error) { return s.given("deed", deed) }

// DuringRun is what happens while the next verb runs: deeds `during` it, each with the second `at` which it happens, deeds
// `on_publish` of a record, and the second `cut_after` which the caller lets go.
func (s *SimulatedAWS) DuringRun(script any) error {
	_, err := s.given("during_run", script)
	return err
}

// Census is how many of each sort of object exist in all accounts.
func (s *SimulatedAWS) Census() (map[string]int, error) {
	return asked[map[string]int](s, "census", "")
}

// World is everything that exists, as JSON.
func (s *SimulatedAWS) World() (json.RawMessage, error) { return s.do("world", "") }

// Requests is every request so far, as JSON.
func (s *SimulatedAWS) Requests() (json.RawMessage, error) { return s.do("requests", "") }

// asked is an answer as plain data.
func asked[T any](s *SimulatedAWS, what, input string) (found T, err error) {
	text, err := s.do(what, input)
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	return found, err
}

// Now is simulated seconds since 2026-01-01.
func (s *SimulatedAWS) Now() (float64, error) { return asked[float64](s, "now", "") }

// SimulatedProxy is an external key store proxy that listens on loopback.
type SimulatedProxy struct {
	// `address:port`.
	Address string `json:"address"`
	// The root of its certificate, in PEM: one of ProbeRequest.TrustedRoots.
	Root string `json:"root"`
}

// StartProxy starts an external key store proxy over TLS on loopback, until the world ends, and puts it into the world; setup
// becomes JSON, and docs/simulator.md lists what it may have.
func (s *SimulatedAWS) StartProxy(setup any) (SimulatedProxy, error) {
	text, err := json.Marshal(setup)
	if err != nil {
		return SimulatedProxy{}, invalid("setup", err.Error(), "give what becomes JSON")
	}
	return asked[SimulatedProxy](s, "start_proxy", string(text))
}

// StartDNS starts a name server on loopback for the public zones of the world, until it ends; gives its `address:port`.
func (s *SimulatedAWS) StartDNS() (string, error) { return asked[string](s, "start_dns", "") }

// Serve serves the world over HTTP on loopback until it ends, on a free port, for the AWS SDK or CLI; gives the URL.
func (s *SimulatedAWS) Serve() (string, error) { return asked[string](s, "serve", "0") }

// End ends the world: its runs are cancelled, its servers stop. What it holds can still be looked at.
func (s *SimulatedAWS) End() {
	_, _ = s.do("end", "")
}
