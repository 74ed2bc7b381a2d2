package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/internal/postgres"
	"rollbook/ledger"
	"rollbook/projections"
)

func TestErrorsHaveTheirExitCodes(t *testing.T) {
	tests := []struct {
		err  error
		exit int
	}{
		{usage("wrong", "sai"), 2},
		{asUsage(errors.New("unknown flag")), 2},
		{ledger.ErrAtomicTooLarge, 2},
		{projections.ErrAhead, 3},
		{&eventstore.GapError{Want: 3, Got: 4}, 3},
		{eventstore.ErrMissing, 3},
		{jetstream.ErrSettings, 3},
		{&eventstore.VersionError{Stream: "member/m1"}, 4},
		{notFound("no file", "không có tệp"), 5},
		{ledger.ErrNoLedger, 5},
		{ledger.ErrUnknownSubject, 5},
		{projections.ErrUnknownOrganisation, 5},
		{&domain.Rejection{Code: domain.BadValue}, 6},
		{ledger.ErrFile, 6},
		{ledger.ErrIdentity, 3},
		{ledger.ErrDirectory, 2},
		{ledger.ErrDatabase, 2},
		{postgres.ErrURL, 2},
		{eventstore.ErrInUse, 8},
		{postgres.ErrUnreachable, 8},
		{eventstore.ErrUnavailable, 8},
		{errors.Join(eventstore.ErrUnavailable, eventstore.ErrUnknownOutcome), 1},
		{context.Canceled, 130},
		{eventstore.ErrUnknownOutcome, 1},
		{&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, 1},
		{errors.New("something else"), 1},

		{errors.Join(context.Canceled, projections.ErrAhead), 3},
		{errors.Join(context.Canceled, &eventstore.VersionError{}), 4},
	}
	for _, tt := range tests {
		wrapped := fmt.Errorf("here: %w", tt.err)
		p := explain(wrapped)
		if p.exit != tt.exit {
			t.Errorf("explain(%q).exit = %d, want %d", wrapped, p.exit, tt.exit)
		}
		if p.name == "" || p.text.EN == "" {
			t.Errorf("explain(%q) says nothing: %+v", wrapped, p)
		}
	}
}

// full is a device without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestAFullDiskIsNotSuccess(t *testing.T) {
	dir := office(t)
	for _, args := range [][]string{{"events", "export"}, {"report", "headcount"}, {"version"}, {"completion", "bash"}} {
		args = append(args, "--data", dir)
		if exit := run(t.Context(), args, nil, full{}, io.Discard); exit != exitUnexpected {
			t.Errorf("rollbook %v on a full disk exits with %d, want %d", args, exit, exitUnexpected)
		}
	}
}

// The reader of a pipe may go away early, as head does. That ends the export in
// good order, and nothing is said about it.
func TestAReaderThatGoesAwayEndsTheExport(t *testing.T) {
	dir := office(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	var said bytes.Buffer
	if exit := run(t.Context(), []string{"events", "export", "--data", dir}, nil, w, &said); exit != exitUnexpected {
		t.Errorf("exit code %d, want %d", exit, exitUnexpected)
	}
	if said.Len() > 0 {
		t.Errorf("it said %q", said.String())
	}
	if a := rollbook(t, nil, "report", "headcount", "--data", dir); a.exit != 0 {
		t.Errorf("afterwards the ledger cannot be opened: %+v", a)
	}
}
