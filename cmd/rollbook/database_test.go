package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rollbook/internal/postgres/pgtest"
)

// questions are commands whose answers must not depend on where the read models
// lie.
func questions() [][]string {
	q := [][]string{
		{"report", "headcount"},
		{"report", "headcount", "--by", "organisation"},
		{"report", "headcount", "--by", "ethnicity,religion,gender,status", "--as-of", "2022-12-31"},
		{"report", "headcount", "--known-at", "7"},
		{"report", "movements", "--from", "2019-12-31", "--to", "2023-12-31"},
		{"report", "indicators", "--year", "2022"},
		{"projections", "list"},
		{"history", "organisation/nam-ke"},
	}
	for _, m := range []string{"m1", "m2", "m3", "m4"} {
		q = append(q, []string{"history", "member/" + m}, []string{"history", "member/" + m, "--as-of", "2020-01-01"})
	}
	return q
}

var versions = regexp.MustCompile(`"version":"[0-9a-f]+",`)

// A ledger answers the same to the byte, with its read models in files and in
// PostgreSQL.
func TestADatabaseAnswersAsFilesDo(t *testing.T) {
	url := pgtest.Database(t)
	dir := office(t)
	for _, args := range questions() {
		args = append(args, "--data", dir, "--json")
		files := rollbook(t, nil, args...)
		database := rollbook(t, nil, append(args, "--database", url)...)
		for _, a := range []*answer{&files, &database} { // what is stored is not the same, and its version neither
			a.stdout = versions.ReplaceAllString(a.stdout, "")
		}
		if files.exit != 0 || database != files {
			t.Errorf("rollbook %s:\nin files     %+v\nin PostgreSQL %+v", strings.Join(args, " "), files, database)
		}
	}
	// What was recorded beside one of them is seen by the other.
	record := []string{"record", "member.badge_awarded", "member/m1", "--effective-on", "2030-05-19", "--data", dir, "--database", url, "--data", `{"years":30}`}
	if a := rollbook(t, nil, record...); a.exit != 0 {
		t.Fatalf("record: %+v", a)
	}
	for _, more := range [][]string{nil, {"--database", url}} {
		if a := rollbook(t, nil, append([]string{"history", "member/m1", "--as-of", "2031-01-01", "--data", dir, "--json"}, more...)...); a.exit != 0 || !strings.Contains(a.stdout, "badge_awarded") {
			t.Errorf("history %v after record: %+v", more, a)
		}
	}
}

// The whole life of a ledger whose read models and keys lie in PostgreSQL from
// its first day.
func TestALedgerLivesInADatabase(t *testing.T) {
	url := pgtest.Database(t)
	files, dir := office(t), filepath.Join(t.TempDir(), "data")
	t.Setenv("ROLLBOOK_DATABASE", url)
	office := filepath.Join("testdata", "office.ndjson")
	for i, want := range []string{`"accepted":15,"unchanged":0,"rejected":0`, `"accepted":0,"unchanged":15,"rejected":0`} {
		if a := rollbook(t, nil, "import", office, "--data", dir, "--json"); a.exit != 0 || !strings.Contains(a.stdout, want) {
			t.Fatalf("import %d: %+v, want %s", i+1, a, want)
		}
	}
	for _, name := range []string{"models.db", "keys.db"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("there is a %s beside the database", name)
		}
	}
	for _, args := range questions() {
		if args[0] != "report" {
			continue // ids are each ledger's own
		}
		want := rollbookWithout(t, append(args, "--data", files, "--json")...)
		if a := rollbook(t, nil, append(args, "--data", dir, "--json")...); a.exit != 0 || a != want {
			t.Errorf("rollbook %s:\nin PostgreSQL %+v\nin files      %+v", strings.Join(args, " "), a, want)
		}
	}
	if a := rollbook(t, nil, "history", "member/m4", "--data", dir); a.exit != 0 || !strings.Contains(a.stdout, "Giàng Thị Dở") {
		t.Errorf("history with the keys in PostgreSQL: %+v", a)
	}
	if a := rollbook(t, nil, "projections", "rebuild", "--data", dir, "--json"); a.exit != 0 || strings.Contains(a.stdout, `"same":false`) {
		t.Errorf("rebuild: %+v", a)
	}
	// Without the database there are no keys.
	if a := rollbookWithout(t, "history", "member/m4", "--data", dir); a.exit != 0 || strings.Contains(a.stdout, "Giàng Thị Dở") || !strings.Contains(a.stdout, "KEYRING_MISSING") {
		t.Errorf("history without the database: %+v", a)
	}
	if a := rollbookWithout(t, "import", office, "--data", dir); a.exit != exitEvidence {
		t.Errorf("import without the keys: %+v", a)
	}
	// Its backup has the accounts too, which lie in the database, and is restored into another.
	const add = `{"accounts":[{"id":`
	if a := rollbook(t, nil, "access", "add", "Lò Thị Mẫu", "--data", dir); a.exit != 0 {
		t.Fatalf("access add: %+v", a)
	}
	accounts := rollbook(t, nil, "access", "list", "--data", dir, "--json")
	copied, again := filepath.Join(t.TempDir(), "copy"), filepath.Join(t.TempDir(), "again")
	if a := rollbook(t, nil, "backup", copied, "--data", dir, "--json"); a.exit != 0 || !strings.Contains(a.stdout, `"accounts":1`) {
		t.Fatalf("backup: %+v", a)
	}
	restore := []string{"restore", copied, "--data", again, "--master-key", filepath.Join(dir, "master.key"), "--database", url + "&schema=again", "--json"}
	if a := rollbook(t, nil, restore...); a.exit != 0 || !strings.Contains(a.stdout, `"accounts":1`) {
		t.Fatalf("restore: %+v", a)
	}
	if a := rollbook(t, nil, "access", "list", "--data", again, "--database", url+"&schema=again", "--json"); a != accounts || !strings.HasPrefix(a.stdout, add) {
		t.Errorf("the accounts that were restored: %+v, want %+v", a, accounts)
	}
	if _, err := os.Stat(filepath.Join(again, "access.db")); err == nil {
		t.Error("there is an access.db beside the database")
	}
	// Another ledger is sent away, and nothing of ours is touched.
	other := filepath.Join(t.TempDir(), "other")
	if a := rollbook(t, nil, "import", office, "--data", other, "--json"); a.exit != exitUsage || !strings.Contains(a.stdout, "holds another ledger") {
		t.Errorf("another ledger in the same schema: %+v", a)
	}
	if a := rollbook(t, nil, "import", office, "--data", other, "--database", url+"&schema=other"); a.exit != 0 {
		t.Errorf("another ledger in another schema: %+v", a)
	}
	if a := rollbook(t, nil, "report", "headcount", "--data", dir, "--json"); a.exit != 0 {
		t.Errorf("after all that: %+v", a)
	}
}

// rollbookWithout runs the program without the database of the environment.
func rollbookWithout(t *testing.T, args ...string) answer {
	t.Helper()
	url := os.Getenv("ROLLBOOK_DATABASE")
	if err := os.Unsetenv("ROLLBOOK_DATABASE"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Setenv("ROLLBOOK_DATABASE", url) }() //nolint:usetesting // it goes back to what t.Setenv has set
	return rollbook(t, nil, args...)
}

func TestADatabaseThatIsNotReached(t *testing.T) {
	const secret = "s3cret-pass"
	dir := office(t)
	nowhere := filepath.Join(t.TempDir(), "new")
	for _, tt := range []struct {
		url  string
		exit int
	}{
		{"postgres://clerk:" + secret + "@127.0.0.1:1/rollbook", exitUnreachable},
		{"postgres://clerk:" + secret + "@127.0.0.1:1/rollbook?sslmode=" + secret, exitUsage},
		{"host=127.0.0.1 password=" + secret, exitUsage},
	} {
		for _, lang := range []string{"en", "vi"} {
			for _, args := range [][]string{
				{"report", "headcount", "--data", dir},
				{"report", "headcount", "--data", dir, "--json"},
				{"import", filepath.Join("testdata", "office.ndjson"), "--data", nowhere, "--verbose"},
			} {
				a := rollbook(t, nil, append(args, "--database", tt.url, "--lang", lang)...)
				if a.exit != tt.exit || a.stdout+a.stderr == "" {
					t.Errorf("rollbook %v = %+v, want exit code %d", args, a, tt.exit)
				}
				if strings.Contains(a.stdout+a.stderr, secret) {
					t.Errorf("the password is in what rollbook %v says: %+v", args, a)
				}
			}
		}
	}
	if _, err := os.Stat(nowhere); err == nil {
		if found, err := os.ReadDir(nowhere); err != nil || len(found) > 0 {
			t.Errorf("half a ledger was made: %v, %v", found, err)
		}
	}
	t.Setenv("ROLLBOOK_DATABASE", "postgres://clerk:"+secret+"@127.0.0.1:1/rollbook")
	if a := rollbook(t, nil, "--help"); strings.Contains(a.stdout+a.stderr, secret) || !strings.Contains(a.stdout, "--database") {
		t.Errorf("help: %+v", a)
	}
	if a := rollbook(t, nil, "report", "headcount", "--data", dir); a.exit != exitUnreachable {
		t.Errorf("with the variable: %+v", a)
	}
}
