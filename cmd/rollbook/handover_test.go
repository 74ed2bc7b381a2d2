package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An interrupt of a command that the service does ends that command, and nothing
// else. TestMain made this test binary a rollbook in PATH.
func TestAnInterruptEndsTheCommandAndNotTheService(t *testing.T) {
	dir := shortDir(t)
	if a := rollbook(t, nil, "--data", dir, "import", filepath.Join("testdata", "office.ndjson")); a.exit != 0 {
		t.Fatalf("import of the office: %+v", a)
	}
	serveDirectory(t, dir)
	tail := exec.CommandContext(t.Context(), "rollbook", "--data", dir, "events", "tail")
	out, err := tail.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("no event came: %v", err)
	}
	if err := tail.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err, ok := errors.AsType[*exec.ExitError](tail.Wait()); !ok || err.ExitCode() != exitInterrupted {
		t.Errorf("after an interrupt: %v, want exit code %d", err, exitInterrupted)
	}
	report := exec.CommandContext(t.Context(), "rollbook", "--data", dir, "report", "headcount", "--as-of", "2021-12-31")
	if b, err := report.CombinedOutput(); err != nil {
		t.Errorf("the service does no more commands: %v: %s", err, b)
	}
}

func TestEveryCommandThatStaysAtHomeIsOne(t *testing.T) {
	root := (&app{env: func(string) string { return "" }}).root()
	root.InitDefaultHelpCmd()
	for _, name := range atHome {
		if cmd, _, err := root.Find(strings.Fields(name)); err != nil || !isAtHome(cmd) {
			t.Errorf("atHome names %q, which is no command: %v", name, err)
		}
	}
}
