package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollbook/eventstore/jetstream/natstest"
	"rollbook/internal/postgres/pgtest"
)

// rootOf returns the root that a backup or a restore came to.
func rootOf(t *testing.T, a answer) string {
	t.Helper()
	var d struct{ Root string }
	if err := json.Unmarshal([]byte(a.stdout), &d); err != nil || a.exit != exitDone || d.Root == "" {
		t.Fatalf("no root: %+v, %v", a, err)
	}
	return d.Root
}

// A ledger that was embedded moves to the three servers of deploy/nats, by the login
// that may make the log and no other, with its read models and keys in PostgreSQL; it
// goes on there under the login of the service; and it comes back into one directory.
func TestABackupIsRestoredToThreeServersAndBack(t *testing.T) {
	t.Parallel()
	servers := natstest.Deploy(t, filepath.Join("..", "..", "deploy", "nats"), 3)
	database := pgtest.Database(t)
	embedded, away := office(t), t.TempDir()
	copied, dir, master := filepath.Join(away, "copy"), filepath.Join(away, "data"), filepath.Join(embedded, "master.key")
	on := func(login string, args ...string) answer {
		return rollbook(t, strings.NewReader(""), append([]string{"--data", dir, "--nats", servers.URL, "--nats-ca", servers.CA, "--nkey", servers.Key(login), "--database", database, "--master-key", master}, args...)...)
	}
	root := rootOf(t, rollbook(t, nil, "backup", copied, "--data", embedded, "--json"))

	// A database that has keys is refused before there
	// is a log, which nobody may delete.
	if a := rollbook(t, nil, "restore", copied, "--data", filepath.Join(away, "first"), "--database", database+"&schema=first", "--master-key", master); a.exit != exitDone {
		t.Fatalf("restore into a database: %+v", a)
	}
	if a := on("deploy", "restore", copied, "--database", database+"&schema=first"); a.exit != exitUsage || !strings.Contains(a.stderr, "has keys of this ledger already") {
		t.Errorf("restore into a database with keys: %+v", a)
	}
	a := on("deploy", "restore", copied, "--json")
	for end := time.Now().Add(time.Minute); a.exit == exitUnreachable && time.Now().Before(end); {
		a = on("deploy", "restore", copied, "--json")
	}
	if got := rootOf(t, a); got != root {
		t.Fatalf("restored to %s, backed up %s", got, root)
	}
	if a := on("deploy", "restore", copied, "--data", filepath.Join(away, "again"), "--database", database+"&schema=again"); a.exit != exitUsage || !strings.Contains(a.stderr, "the servers have a log already") {
		t.Errorf("restore over a log: %+v", a)
	}

	headcount := []string{"report", "headcount", "--by", "ethnicity", "--as-of", "2021-12-31"}
	want := rollbook(t, nil, append(headcount, "--data", embedded)...)
	if a := on("writer", headcount...); a.exit != exitDone || a.stdout != want.stdout {
		t.Errorf("headcount: %+v, was %+v", a, want)
	}
	if a := on("writer", "verify", "--json"); a.exit != exitDone || !strings.Contains(a.stdout, root) {
		t.Errorf("verify: %+v", a)
	}
	if a := on("writer", "doctor"); a.exit != exitDone || !strings.Contains(a.stdout, "its servers store up to 15, with the settings that they must have") {
		t.Errorf("doctor: %+v", a)
	}
	if a := on("writer", "record", "member.badge_awarded", "member/m1", "--effective-on", "2030-05-19", "--data", `{"years":30}`); a.exit != exitDone {
		t.Fatalf("record: %+v", a)
	}

	// And back. The checkpoints of the cluster go along.
	back, home := filepath.Join(away, "back"), filepath.Join(away, "home")
	root = rootOf(t, on("writer", "backup", back, "--json"))
	if got := rootOf(t, rollbook(t, nil, "restore", back, "--data", home, "--master-key", master, "--json")); got != root {
		t.Errorf("restored to %s, backed up %s", got, root)
	}
	if a := rollbook(t, nil, "history", "member/m1", "--as-of", "2031-01-01", "--data", home, "--master-key", master); a.exit != exitDone || !strings.Contains(a.stdout, "30") {
		t.Errorf("what was recorded on the servers: %+v", a)
	}
	if a := rollbook(t, nil, "verify", "--data", home, "--master-key", master); a.exit != exitDone {
		t.Errorf("verify at home: %+v", a)
	}
}
