package audit_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"rollbook/audit"
)

const table = "unit,status,count\nx1,official,17\nx1,probationary,3\nx2,official,90\n"

// report is an attestation of a log of 5,000 records, made when it had 3,000.
func report(t testing.TB, l *signedLog, origin string) audit.Attestation {
	t.Helper()
	c := at(t, l.tree, 3000)
	c.Origin = origin
	return audit.Attestation{
		Checkpoint: c, AsOf: "2026-06-30", AsOfSize: 2990, Query: "headcount/v1", Params: audit.HashOf([]byte(`{"unit":"x"}`)),
		Program: "rollbook/v1.2.3", Policy: "2026-01", Result: audit.HashOf([]byte(table)),
	}
}

func attest(t testing.TB, key *audit.Key, a audit.Attestation) []byte {
	t.Helper()
	b, err := audit.Attest(key, a)
	if err != nil {
		t.Fatalf("Attest: %v", err)
	}
	return b
}

func parseAttestation(t testing.TB, b []byte) audit.Attestation {
	t.Helper()
	a, err := audit.ParseAttestation(b)
	if err != nil {
		t.Fatalf("ParseAttestation: %v", err)
	}
	return a
}

func TestReportIsAttested(t *testing.T) {
	l := newSignedLog(t, 0, "quorum none\n")
	l.publish(t, 3000)
	signed := l.publish(t, 5000)
	key := seeded(t, audit.ReportKeyName(origin), audit.LogKey, 3)
	b := attest(t, key, report(t, l, origin))
	golden(t, "report.note", b)
	a := parseAttestation(t, b)
	want := report(t, l, origin)
	want.Note = a.Note
	if a.String() != want.String() || a.Checkpoint != want.Checkpoint || a.AsOfSize != 2990 || !bytes.Equal(a.Note, b) {
		t.Errorf("ParseAttestation = %+v; want %+v", a, want)
	}
	tiles := l.tree.Tiles()
	if err := a.Verify(key.Public(), signed.Checkpoint, consistency(t, tiles, 3000, 5000)); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if err := a.Verify(key.Public(), at(t, l.tree, 3000), nil); err != nil {
		t.Errorf("Verify at its own size: %v", err)
	}
	if err := a.VerifyTiles(key.Public(), tiles); err != nil {
		t.Errorf("VerifyTiles: %v", err)
	}
	if err := audit.CompareResult(a, []byte(table), []byte(table)); err != nil {
		t.Errorf("CompareResult: %v", err)
	}
	if err := audit.CompareResult(a, nil, []byte(table)); err != nil {
		t.Errorf("CompareResult without what came with it: %v", err)
	}
	// The note is one that others read.
	v, err := note.NewVerifier(key.Public().String())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(b, note.VerifierList(v)); err != nil || n.Text != a.String() {
		t.Errorf("note.Open: %v", err)
	}
}

// 44: a report on another history than the one that is trusted.
func TestReportOnAFork(t *testing.T) {
	l := newSignedLog(t, 0, "quorum none\n")
	l.publish(t, 3000)
	signed := l.publish(t, 5000)
	fork := l.fork(t, 1234)
	key := newKey(t, audit.ReportKeyName(origin), audit.LogKey)
	forked := report(t, l, origin)
	forked.Checkpoint = at(t, fork, 3000)
	a := parseAttestation(t, attest(t, key, forked))
	tiles := l.tree.Tiles()
	for name, proof := range map[string][]audit.Hash{
		"the log's proof": consistency(t, tiles, 3000, 5000), "the fork's proof": consistency(t, fork.Tiles(), 3000, 5000), "no proof": nil,
	} {
		wantCode(t, "44: "+name, a.Verify(key.Public(), signed.Checkpoint, proof), audit.CheckpointInconsistent)
	}
	wantCode(t, "44: at the same size", a.Verify(key.Public(), at(t, l.tree, 3000), nil), audit.CheckpointInconsistent)
	wantCode(t, "44: by tiles", a.VerifyTiles(key.Public(), tiles), audit.CheckpointInconsistent)

	right := parseAttestation(t, attest(t, key, report(t, l, origin)))
	wantCode(t, "on more records than are trusted", right.Verify(key.Public(), at(t, l.tree, 2000), consistency(t, tiles, 2000, 3000)), audit.CheckpointRollback)
	wantCode(t, "the same, by tiles", right.VerifyTiles(key.Public(), audit.OpenTiles(t.TempDir(), at(t, l.tree, 2000))), audit.CheckpointRollback)
	wantCode(t, "another key", right.Verify(newKey(t, audit.ReportKeyName(origin), audit.LogKey).Public(), signed.Checkpoint, nil), audit.CheckpointSignature)
	wantCode(t, "the log's key", right.Verify(l.key.Public(), signed.Checkpoint, nil), audit.CheckpointSignature)
	witness := newKey(t, audit.ReportKeyName(origin), audit.WitnessKey)
	wantCode(t, "a witness's key", right.Verify(witness.Public(), signed.Checkpoint, nil), audit.CheckpointSignature)

	elsewhere := "rollbook/other/e1"
	theirs := newKey(t, audit.ReportKeyName(elsewhere), audit.LogKey)
	other := parseAttestation(t, attest(t, theirs, report(t, l, elsewhere)))
	if err := other.Verify(theirs.Public(), signed.Checkpoint, consistency(t, tiles, 3000, 5000)); !errors.Is(err, audit.ErrOrigin) {
		t.Errorf("of another log: %v", err)
	}
	// What was read cannot be changed afterwards.
	changed := right
	changed.Result = audit.Hash{}
	wantCode(t, "another result", changed.VerifySignature(key.Public()), audit.ReportMalformed)
}

// 43: a count is changed, in what is shown or in what was attested.
func TestResultIsCompared(t *testing.T) {
	l := newSignedLog(t, 0, "quorum none\n")
	l.publish(t, 3000)
	a := report(t, l, origin)
	changed := strings.Replace(table, ",3\n", ",4\n", 1)
	tests := []struct {
		name                 string
		attested, recomputed string
		want                 []string
	}{
		{"43: what is shown is changed", changed, table, []string{"that is shown is not", `line 3 is "x1,probationary,4", and computed "x1,probationary,3"`}},
		{"what was attested was wrong", table, changed, []string{"computed again", `line 3 is "x1,probationary,3", and computed "x1,probationary,4"`}},
		{"both are something else", changed, strings.Replace(table, ",17", ",18", 1), []string{"neither", `line 2 is "x1,official,17", and computed "x1,official,18"`}},
		{"both are the same and something else", changed, changed, []string{"neither", "no line differs"}},
		{"a row is missing", strings.Replace(table, "x1,probationary,3\n", "", 1), table, []string{`line 3 is "x2,official,90"`}},
		{"the last row is missing", strings.Replace(table, "x2,official,90\n", "", 1), table, []string{`line 4 is "", and computed "x2,official,90"`}},
		{"the last line feed is missing", table[:len(table)-1], table, []string{"after line 4 one of the two ends"}},
		{"empty", "", table, []string{`line 1 is "", and computed "unit,status,count"`}},
		{"line feeds of Windows", strings.ReplaceAll(table, "\n", "\r\n"), table, []string{`line 1 is "unit,status,count\r"`}},
		{"long lines", strings.Repeat("x", 1000) + table, table, []string{"xxx…"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := audit.CompareResult(a, []byte(test.attested), []byte(test.recomputed))
			wantCode(t, "CompareResult", err, audit.ReportMismatch)
			for _, want := range test.want {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("CompareResult: %v; want %q in it", err, want)
				}
			}
		})
	}
	err := audit.CompareResult(a, nil, []byte(changed))
	wantCode(t, "CompareResult without what came with it", err, audit.ReportMismatch)
}

func TestWhatIsNoReport(t *testing.T) {
	l := newSignedLog(t, 0, "quorum none\n")
	l.publish(t, 3000)
	key := newKey(t, audit.ReportKeyName(origin), audit.LogKey)
	for name, edit := range map[string]func(a *audit.Attestation){
		"a day that is not":      func(a *audit.Attestation) { a.AsOf = "2026-02-30" },
		"no day":                 func(a *audit.Attestation) { a.AsOf = "" },
		"a query of two words":   func(a *audit.Attestation) { a.Query = "head count" },
		"a query of two lines":   func(a *audit.Attestation) { a.Query = "x\nparams y" },
		"no program":             func(a *audit.Attestation) { a.Program = "" },
		"a long program":         func(a *audit.Attestation) { a.Program = strings.Repeat("x", 201) },
		"a policy in Vietnamese": func(a *audit.Attestation) { a.Policy = "đ" },
		"more records before":    func(a *audit.Attestation) { a.AsOfSize = 3001 },
		"2^63 records":           func(a *audit.Attestation) { a.Size = 1 << 63 },
	} {
		a := report(t, l, origin)
		edit(&a)
		if _, err := audit.Attest(key, a); !errors.Is(err, audit.ErrReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := audit.Attest(l.key, report(t, l, origin)); !errors.Is(err, audit.ErrKey) {
		t.Errorf("with the log's key: %v", err)
	}
	if _, err := audit.Attest(newKey(t, audit.ReportKeyName(origin), audit.WitnessKey), report(t, l, origin)); !errors.Is(err, audit.ErrKey) {
		t.Errorf("with a witness's key: %v", err)
	}
	instant := report(t, l, origin)
	instant.AsOf = "2026-06-30T17:00:00.5+07:00"
	right := string(attest(t, key, instant))
	if a := parseAttestation(t, []byte(right)); a.AsOf != instant.AsOf {
		t.Errorf("an instant: %q", a.AsOf)
	}
	for name, edit := range map[string][2]string{
		"another label":      {"report/v1", "report/v2"},
		"a line less":        {"policy 2026-01\n", ""},
		"a line more":        {"policy 2026-01\n", "policy 2026-01\nx y\n"},
		"another order":      {"size 3000\nroot", "root"},
		"a leading zero":     {"size 3000", "size 03000"},
		"two spaces":         {"size 3000", "size  3000"},
		"a space at the end": {"size 3000", "size 3000 "},
		"a short hash":       {"result ", "result A"},
		"no signature":       {right[strings.Index(right, "— "):], ""},
		"cut off":            {right[len(right)-2:], ""},
		"a signature's line": {"— ", "- "},
		"too large":          {"— ", strings.Repeat("— a AAAAAAAA\n", 6000) + "— "},
	} {
		_, err := audit.ParseAttestation([]byte(strings.Replace(right, edit[0], edit[1], 1)))
		wantCode(t, name, err, audit.ReportMalformed)
	}
}

// FuzzAttestation changes an attestation that is signed: it never verifies as
// anything else.
func FuzzAttestation(f *testing.F) {
	key := newKey(f, audit.ReportKeyName(origin), audit.LogKey)
	right := audit.Attestation{
		Checkpoint: audit.Checkpoint{Origin: origin, Size: 9, Root: audit.Hash{1}}, AsOf: "2026-06-30", AsOfSize: 8,
		Query: "headcount/v1", Program: "v1", Policy: "1",
	}
	signed := attest(f, key, right)
	f.Add(signed)
	f.Add([]byte("rollbook-report/v1\n\n— a AAAAAAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := audit.ParseAttestation(b)
		if err != nil {
			wantCode(t, "ParseAttestation", err, audit.ReportMalformed)
			return
		}
		if !bytes.HasPrefix(b, []byte(a.String())) {
			t.Errorf("%q is read, and written as %q", b, a)
		}
		err = a.Verify(key.Public(), right.Checkpoint, nil)
		if err == nil && a.String() != right.String() {
			t.Errorf("%q verifies", b)
		}
	})
}
