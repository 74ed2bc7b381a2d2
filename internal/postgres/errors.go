package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrUnreachable means that the database did not let us in or that the
// connection to it broke. What was being written is either there whole or not
// at all; reading says which.
var ErrUnreachable = errors.New("the database cannot be reached")

// SQLSTATE codes, see the appendix of PostgreSQL's manual.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	uniqueViolation      = "23505"
	undefinedTable       = "42P01"
	invalidSchema        = "3F000"
	lockNotAvailable     = "55P03"
)

// Explain returns an error of the driver in our words: one that wraps
// [ErrUnreachable] if the database was not reached or is gone. Others it
// returns as they are.
func Explain(err error) error {
	if err == nil || errors.Is(err, ErrUnreachable) {
		return err
	}
	if !lost(err) {
		return err
	}
	// The driver's error holds the whole configuration, the password too, so it
	// goes no further than its words.
	out := fmt.Errorf("%w: %s", ErrUnreachable, err.Error())
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			out = errors.Join(out, end)
		}
	}
	return out
}

// lost reports whether an error means that there is no connection.
func lost(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code[:2] {
		case "08", "28", "3D", "53": // connection, authorisation, no such database, no room
			return true
		}
		return e.Code == "57P01" || e.Code == "57P02" || e.Code == "57P03" || e.Code == "57P05" // shut down, or not up yet
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	for _, end := range []error{pgconn.ErrConnClosed, io.ErrUnexpectedEOF, io.EOF, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// code reports whether PostgreSQL refused a statement with a code.
func code(err error, codes ...string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	for _, c := range codes {
		if ok && e.Code == c {
			return true
		}
	}
	return false
}

// Repeatable reports whether a transaction failed only because of another one:
// the same again may work.
func Repeatable(err error) bool { return code(err, serializationFailure, deadlockDetected) }

// Exists reports whether a row was refused because there is one with its key.
func Exists(err error) bool { return code(err, uniqueViolation) }

// Undefined reports whether a table or its schema is not there.
func Undefined(err error) bool { return code(err, undefinedTable, invalidSchema) }

// Locked reports whether a lock was not to be had in the time allowed.
func Locked(err error) bool { return code(err, lockNotAvailable) }

// One transaction is tried so often, with random waits between that grow up to
// longest.
const (
	attempts = 10
	longest  = 200 * time.Millisecond
)

// Retry calls f, which does one whole transaction, again while its error is
// [Repeatable], with a random wait between that grows, and returns its last
// error.
func Retry(ctx context.Context, f func() error) error {
	var err error
	for n := range attempts {
		if err = f(); !Repeatable(err) {
			return err
		}
		wait := time.NewTimer(rand.N(min(5*time.Millisecond<<n, longest)))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return errors.Join(err, ctx.Err())
		}
	}
	return fmt.Errorf("given up after %d attempts: %w", attempts, err)
}
