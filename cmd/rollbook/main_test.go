package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"rollbook/internal/postgres/pgtest"
)

// TestMain builds the program as it is released and puts it first in the path, for
// the scripts and whatever else runs `rollbook`: a test binary under the race
// detector takes ten times as long, and the packages have their own tests for that.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "rollbook-test-")
	if err == nil {
		err = os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	}
	flag.Parse()
	if fuzzing := flag.Lookup("test.fuzz").Value.String() != ""; err == nil && !fuzzing { // which needs no program, and has little time
		var out []byte
		if out, err = exec.Command("go", "build", "-o", filepath.Join(dir, "rollbook"), ".").CombinedOutput(); err != nil {
			err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	code := 1
	if err == nil {
		code = pgtest.Main{M: m}.Run()
	}
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// The scripts under testdata/script read as a manual: one for each command, one
// for each kind of bad input. Besides the usual commands of testscript they use
//
//	exits CODE rollbook ...   the command ends with this exit code
//	hold rollbook ...         it runs on, from its first line of output
//	release [CODE]            interrupt what holds; it must exit with 130, or CODE
//	cmproot stdout FILE       as cmp; in the file, ROOT stands for a root of the log
//
// Every script finds the events of a small office in office.ndjson.
func TestScripts(t *testing.T) {
	office, err := os.ReadFile(filepath.Join("testdata", "office.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			return os.WriteFile(filepath.Join(e.WorkDir, "office.ndjson"), office, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "hold": hold, "release": release, "cmproot": cmpRoot,
		},
		RequireUniqueNames: true,
		UpdateScripts:      os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s exited with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// roots are roots of the log as reports write them.
var roots = regexp.MustCompile(`: [A-Za-z0-9+/]{43}=`)

// cmpRoot compares an output with a file. Which root the log has is not the same
// twice, because ids that were not given are keyed; that there is one is.
func cmpRoot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cmproot stdout FILE")
	}
	got := roots.ReplaceAllString(ts.ReadFile(args[0]), ": ROOT")
	if want := ts.ReadFile(args[1]); got != want {
		ts.Fatalf("%s is\n%s\nwant\n%s", args[0], got, want)
	}
}

// holder is the command that holds, by script.
var holder sync.Map

func hold(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command(args[0], args[1:]...) // found as exec finds it: TestMain sets PATH
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		ts.Fatalf("%s ended before its first line: %q, %v", args[0], line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	holder.Store(ts.Name(), cmd)
}

func release(ts *testscript.TestScript, _ bool, args []string) {
	want := exitInterrupted
	if len(args) > 0 {
		var err error
		want, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	v, ok := holder.LoadAndDelete(ts.Name())
	if !ok {
		ts.Fatalf("nothing holds")
	}
	cmd := v.(*exec.Cmd)
	ts.Check(cmd.Process.Signal(os.Interrupt))
	err := cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok || cmd.ProcessState.ExitCode() != want {
		ts.Fatalf("after an interrupt: %v, want exit code %d", err, want)
	}
}

// answer is how a command ended.
type answer struct {
	exit           int
	stdout, stderr string
}

// rollbook runs the program in this process.
func rollbook(t testing.TB, stdin io.Reader, args ...string) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit := run(t.Context(), args, stdin, &stdout, &stderr)
	return answer{exit, stdout.String(), stderr.String()}
}

// office returns a data directory that holds the small office.
func office(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if a := rollbook(t, nil, "--data", dir, "import", filepath.Join("testdata", "office.ndjson")); a.exit != 0 {
		t.Fatalf("import of the office: %+v", a)
	}
	return dir
}

// A command whose context has ended before it began stores nothing and says so.
func TestInterruptedBeforeItBegins(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	dir := office(t)
	exit := run(ctx, []string{"--data", dir, "import", filepath.Join("testdata", "office.ndjson")}, nil, &stdout, &stderr)
	if exit != exitInterrupted {
		t.Errorf("run = %d, want %d; stderr %s", exit, exitInterrupted, &stderr)
	}
}

// Standard input that says nothing does not keep an interrupted import alive.
func TestInterruptEndsAWaitForStandardInput(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stdin, held := io.Pipe()
	defer held.Close()
	done := make(chan int)
	dir := filepath.Join(t.TempDir(), "data")
	go func() { done <- run(ctx, []string{"--data", dir, "import", "-"}, stdin, io.Discard, io.Discard) }()
	if _, err := fmt.Fprintln(held, `{"type":"organisation.established"}`); err != nil {
		t.Fatal(err)
	}
	cancel()
	if exit := <-done; exit != exitInterrupted {
		t.Errorf("run = %d, want %d", exit, exitInterrupted)
	}
}
