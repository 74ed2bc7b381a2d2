package jetstream_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A clock that jumps, by hours and days in both directions, changes no order,
// loses nothing and stores nothing twice. The clock is the standard library's: the
// program under test is built with another time.Now, for the server in it too.
func TestAClockThatJumps(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	original := filepath.Join(strings.TrimSpace(string(out)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	const now = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(source), now) != 1 {
		t.Fatalf("time.Now of %s is not the one that this test knows how to replace", runtime.Version())
	}
	skewed := strings.Replace(string(source), now, "// Skew is added to the wall clock, in seconds.\nvar Skew func() int64\n\n"+
		now+"\tif Skew != nil {\n\t\tsec += Skew()\n\t}\n", 1)
	dir := t.TempDir()
	replaced, overlay := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(replaced, []byte(skewed), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]map[string]string{"Replace": {original: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay", overlay, "-tags", "skew", "-count=1", "-v", "-run", "^TestSkewedClock$", ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err = command.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestSkewedClock") {
		t.Errorf("%v\n%s", err, out)
	}
}
