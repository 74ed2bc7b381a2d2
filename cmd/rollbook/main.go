// Command rollbook keeps a membership ledger and answers questions from it.
//
// The files here are wiring, flags and output; rules are in package domain and
// figures in package projections. One file holds one command; exit.go maps
// every error to its exit code, words.go finds the words that people read.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program: it returns the exit code. An interrupt ends what is under
// way in good order; a second one ends the process at once.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	limitMemory()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	// With a reader that went away, as in `rollbook events export | head`,
	// writing fails, and the ledger is closed in good order.
	signal.Ignore(syscall.SIGPIPE)

	a := &app{
		stdin: stdin, out: newOutput(stdout), console: &console{w: stderr},
		now: time.Now, env: os.Getenv,
	}
	return a.run(ctx, args)
}

// memoryLimit is where the garbage collector begins to work harder. The
// embedded server caches what it reads of the log, which after a full replay
// comes to gigabytes, and gives the cache up only when the collector runs.
const memoryLimit = 768 << 20

func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
