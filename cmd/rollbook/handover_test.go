package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
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

// A backup of a ledger that a service has goes through the service, while others record
// there, and is restored to the root that it says.
func TestABackupBesideAServiceUnderLoad(t *testing.T) {
	t.Parallel()
	dir, away := shortDir(t), t.TempDir()
	if a := rollbook(t, nil, "--data", dir, "import", filepath.Join("testdata", "office.ndjson")); a.exit != 0 {
		t.Fatalf("import of the office: %+v", a)
	}
	s := serveDirectory(t, dir)
	var told bytes.Buffer
	load := exec.CommandContext(t.Context(), "rollbook", "--data", dir, "--json", "import", "-")
	load.Stdout = &told
	held, err := load.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	begun, written := make(chan struct{}), make(chan int, 1)
	go func() {
		defer held.Close()
		for i := 0; ; i++ {
			if i == 1000 { // more than the pipe holds, so some have been read
				close(begun)
			}
			if ctx.Err() != nil {
				written <- i
				return
			}
			if _, err := fmt.Fprintf(held, `{"specversion":"1.0","id":"w-%[1]d","source":"sổ","type":"member.brought_forward","subject":"member/w%[1]d","effectiveon":"2020-01-01","data":{"person":{"full_name":"Lò Văn Tiên","birth_year":1980,"gender":"male","ethnicity":"03","religion":"00"},"organisation":"huoi-khon","status":"official","admitted_on":"2010-05-19"}}`+"\n", i); err != nil {
				written <- i
				return
			}
		}
	}()
	copied, master := filepath.Join(away, "copy"), filepath.Join(dir, "master.key")
	backup := func() (root string) {
		out, err := exec.CommandContext(t.Context(), "rollbook", "--data", dir, "--json", "backup", copied).Output()
		if err != nil {
			t.Fatalf("backup: %v: %s", err, out)
		}
		return rootOf(t, answer{stdout: string(out)})
	}
	restore := func(to, root string) {
		to = filepath.Join(away, to)
		if got := rootOf(t, rollbook(t, nil, "restore", copied, "--data", to, "--master-key", master, "--json")); got != root {
			t.Errorf("restored to %s, backed up %s", got, root)
		}
		if a := rollbook(t, nil, "verify", "--data", to, "--master-key", master); a.exit != exitDone {
			t.Errorf("verify of what was restored: %+v", a)
		}
	}
	<-begun
	root := backup()
	stop()
	restore("during", root)
	n := <-written
	if err := load.Wait(); err != nil || !strings.Contains(told.String(), fmt.Sprintf(`"accepted":%d,`, n)) {
		t.Errorf("import of %d beside the backup: %v: %s", n, err, &told)
	}
	restore("after", backup()) // which adds what is new
	if exit := s.end(); exit != exitDone {
		t.Errorf("the service ended with %d", exit)
	}
}
