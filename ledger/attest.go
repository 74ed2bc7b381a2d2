package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// reportKeyFile is the key that attested reports are signed with.
const reportKeyFile = "reports.key"

// noRules is the version of the rules by which a report was judged, as long as the
// ledger has none.
const noRules = "none"

// Query is a report that can be attested. What does not concern its kind is empty.
type Query struct {
	Report       string                  `json:"report"` // headcount, movements or indicators
	Organisation string                  `json:"organisation,omitempty"`
	AsOf         string                  `json:"as_of"` // YYYY-MM-DD
	By           []projections.Dimension `json:"by,omitempty"`
	From         string                  `json:"from,omitempty"` // likewise, of movements
	Children     bool                    `json:"children,omitempty"`
}

// AttestedReport is a report with what proves it, as it is written to a file.
type AttestedReport struct {
	Format string `json:"format"`
	// Params are the query, to the byte as they were hashed.
	Params json.RawMessage `json:"params"`
	// Result is CSV.
	Result string `json:"result"`
	// Note is the signed attestation.
	Note string `json:"note"`
}

const attestedFormat = "rollbook-attested/v1"

// Errors of attesting.
var (
	// ErrIncomplete means that a report is not attested, because it would not be
	// whole: somebody waits, or a key is missing.
	ErrIncomplete = errors.New("the report is incomplete and cannot be attested")
	// ErrQuery means that there is no such report.
	ErrQuery = errors.New("no report that can be attested")
)

// Attest makes a report from what the log comes to now and signs it: whoever has
// the log can make it again from the same records ([Ledger.CheckReport]).
func (l *Ledger) Attest(ctx context.Context, q Query) (AttestedReport, error) {
	out := AttestedReport{Format: attestedFormat}
	key, err := l.reportKey()
	if err != nil {
		return out, err
	}
	signed, err := l.Sign(ctx)
	if err != nil {
		return out, err
	}
	if out.Params, err = json.Marshal(q); err != nil {
		return out, err
	}
	figures, err := l.Figures(ctx)
	if err != nil {
		return out, err
	}
	result, err := resultOf(ctx, figures, q, eventstore.Position(signed.Size))
	if err != nil {
		return out, err
	}
	day, err := time.ParseInLocation(time.DateOnly, q.AsOf, time.Local)
	if err != nil {
		return out, fmt.Errorf("%w: as of %q", ErrQuery, q.AsOf)
	}
	before, err := l.log.At(ctx, day.AddDate(0, 0, 1))
	if err != nil {
		return out, err
	}
	note, err := audit.Attest(key, audit.Attestation{
		Checkpoint: signed.Checkpoint, AsOf: q.AsOf, AsOfSize: min(uint64(before), signed.Size), Query: q.Report + "/v1",
		Program: program(), Policy: noRules, Params: audit.HashOf(out.Params), Result: audit.HashOf(result),
	})
	out.Result, out.Note = string(result), string(note)
	return out, err
}

// program names the code that makes figures: the SHA-256 of its version.
func program() string {
	sum := sha256.Sum256([]byte(projections.Version()))
	return "rollbook/" + hex.EncodeToString(sum[:16])
}

// reportKey returns the key for reports, which is made when it is first needed.
func (l *Ledger) reportKey() (*audit.Key, error) {
	if !l.options.Roles.Has(RoleAuditor) {
		return nil, fmt.Errorf("%w: the instance with the role auditor has the key of reports, this one does not", ErrSigning)
	}
	path := filepath.Join(l.dir, reportKeyFile)
	key, err := audit.ReadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = audit.NewKey(path, audit.ReportKeyName(l.identity.origin()), audit.LogKey)
	}
	return key, err
}

// ReportKey returns the public key of the ledger's reports.
func (l *Ledger) ReportKey() (audit.PublicKey, error) {
	key, err := l.reportKey()
	if err != nil {
		return audit.PublicKey{}, err
	}
	return key.Public(), nil
}

// CheckReport makes an attested report again, by a replay of the records that it
// was made from, and compares. by is the key that must have signed it; the ledger's
// own if nil. What does not hold is an [*audit.EvidenceError], which names the
// first row that differs.
func (l *Ledger) CheckReport(ctx context.Context, file []byte, by *audit.PublicKey) (audit.Attestation, error) {
	malformed := func(what string) error {
		return &audit.EvidenceError{Code: audit.ReportMalformed, Detail: what}
	}
	var report AttestedReport
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&report); err != nil || d.More() || report.Format != attestedFormat {
		return audit.Attestation{}, malformed("it is no attested report")
	}
	a, err := audit.ParseAttestation([]byte(report.Note))
	if err != nil {
		return a, err
	}
	if by == nil {
		key, err := os.ReadFile(filepath.Join(l.dir, reportKeyFile))
		if err != nil {
			return a, fmt.Errorf("%w: the key of the reports is not here; name it", ErrSigning)
		}
		own, err := audit.ParseKey(strings.TrimSpace(string(key)))
		if err != nil {
			return a, err
		}
		public := own.Public()
		by = &public
	}
	if _, err := l.Checkpoint(ctx); err != nil {
		return a, err
	}
	if err := a.VerifyTiles(*by, l.anchor.tree.Tiles()); err != nil {
		return a, err
	}
	if audit.HashOf(report.Params) != a.Params {
		return a, malformed("its parameters are not the ones that were attested")
	}
	var q Query
	p := json.NewDecoder(bytes.NewReader(report.Params))
	p.DisallowUnknownFields()
	if err := p.Decode(&q); err != nil || q.Report+"/v1" != a.Query || q.AsOf != a.AsOf {
		return a, malformed("its parameters are not those of its query")
	}
	again, err := l.replayed(ctx, q, eventstore.Position(a.Size))
	if err != nil {
		return a, err
	}
	return a, audit.CompareResult(a, []byte(report.Result), again)
}

// replayed makes a report from read models that are filled for it, with the records
// up to a position and no others.
func (l *Ledger) replayed(ctx context.Context, q Query, at eventstore.Position) (result []byte, err error) {
	shadow, err := l.store.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shadow.Close()) }()
	projector := l.projector(nil)
	projector.Store = shadow
	if err := projector.CatchUpTo(ctx, at); err != nil {
		return nil, err
	}
	return resultOf(ctx, projections.NewFigures(shadow), q, at)
}

// resultOf returns a report as CSV: a line of names, then rows sorted by their
// bytes.
func resultOf(ctx context.Context, figures *projections.Figures, q Query, at eventstore.Position) ([]byte, error) {
	asOf, ok := domain.ParseDate(q.AsOf)
	if !ok {
		return nil, fmt.Errorf("%w: as of %q", ErrQuery, q.AsOf)
	}
	asked := projections.Question{Organisation: q.Organisation, AsOf: asOf, KnownAt: at}
	switch q.Report {
	case "headcount":
		h, err := figures.Headcount(ctx, asked, q.By)
		if err != nil {
			return nil, err
		}
		head := []string{}
		for _, d := range q.By {
			head = append(head, string(d))
		}
		var rows [][]string
		for _, r := range h.Rows {
			rows = append(rows, append(slices.Clone(r.Values), strconv.Itoa(r.Members)))
		}
		if len(q.By) == 0 {
			rows = [][]string{{strconv.Itoa(h.Total)}}
		}
		return table(h.Standing, append(head, "members"), rows)
	case "movements":
		from, ok := domain.ParseDate(q.From)
		if !ok {
			return nil, fmt.Errorf("%w: movements need the day that they begin after", ErrQuery)
		}
		m, err := figures.Movements(ctx, asked, from)
		if err != nil {
			return nil, err
		}
		return table(m.Standing, []string{"line", "members"}, counts(m))
	case "indicators":
		r, err := figures.Indicators(ctx, asked, asOf.Year(), q.Children)
		if err != nil {
			return nil, err
		}
		var rows [][]string
		for _, row := range r.Rows {
			organisation := ""
			if row.Organisation != nil {
				organisation = *row.Organisation
			}
			for name, i := range row.Indicators {
				rows = append(rows, []string{organisation, name, strconv.Itoa(i.Numerator), strconv.Itoa(i.Denominator)})
			}
		}
		return table(r.Standing, []string{"organisation", "indicator", "numerator", "denominator"}, rows)
	}
	return nil, fmt.Errorf("%w: %q", ErrQuery, q.Report)
}

// counts returns the lines of the movements by the names that they have in JSON.
func counts(m projections.Movements) (rows [][]string) {
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Int {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			rows = append(rows, []string{name, strconv.FormatInt(v.Field(i).Int(), 10)})
		}
	}
	return rows
}

func table(s projections.Standing, head []string, rows [][]string) ([]byte, error) {
	if !s.Complete {
		return nil, fmt.Errorf("%w: %d wait, %d keys are missing", ErrIncomplete, s.Parked, s.MissingKeys)
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(strings.Join(a, "\x00"), strings.Join(b, "\x00")) })
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(append([][]string{head}, rows...)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
