package audit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Attestation says what a report came to: that a program, asked a query with
// parameters under a policy, made this result from the log's records up to a
// checkpoint. It is signed, so that whoever computes the same again can hold the
// two against each other.
type Attestation struct {
	// Checkpoint is the log that was read, up to its size.
	Checkpoint
	// AsOf is the day or the moment that the report is about, as it was asked for:
	// a date, or an instant with its offset (RFC 3339).
	AsOf string
	// AsOfSize is how many of the records were stored before that; what comes after
	// them was recorded late. At most the checkpoint's size.
	AsOfSize uint64
	// Query is the name of the query, such as "headcount/v1", Program the version
	// of the program, and Policy that of the ledger's rules: one to 200 printable
	// ASCII characters without spaces.
	Query, Program, Policy string
	// Params and Result are the SHA-256 of the parameters and of the result.
	Params, Result Hash
	// Note is the signed text; empty as long as it is not signed.
	Note []byte
}

const reportLabel = "rollbook-report/v1"

// ErrReport means that an attestation says something that cannot be attested.
var ErrReport = errors.New("not what a report can say")

// ReportKeyName returns the name of the key that signs the reports of a log. It
// is a [LogKey], and not the log's own.
func ReportKeyName(origin string) string { return origin + "/reports" }

// HashOf returns the hash of the bytes of parameters or of a result. A result is
// CSV in UTF-8 with line feeds, to the byte as it is given out.
func HashOf(b []byte) Hash { return sha256.Sum256(b) }

// String returns the lines that are signed.
func (a Attestation) String() string {
	return fmt.Sprintf("%s\norigin %s\nsize %d\nroot %s\nas-of %s\nas-of-size %d\nquery %s\nparams %s\nprogram %s\npolicy %s\nresult %s\n",
		reportLabel, a.Origin, a.Size, a.Root, a.AsOf, a.AsOfSize, a.Query, a.Params, a.Program, a.Policy, a.Result)
}

// Attest signs an attestation with the report key of its log and returns the
// note. It returns [ErrReport] if a field cannot stand there, and [ErrKey] if the
// key is another's.
func Attest(key *Key, a Attestation) ([]byte, error) {
	if name := ReportKeyName(a.Origin); key.public.Name != name {
		return nil, fmt.Errorf("%w: it is that of %s and must be that of %s", ErrKey, key.public.Name, name)
	}
	if _, err := parseReport(a.String()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReport, err)
	}
	signer, err := key.logSigner()
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: a.String()}, signer)
}

// ParseAttestation reads a signed attestation. Nothing is verified. What is wrong
// is an [*EvidenceError] with [ReportMalformed].
func ParseAttestation(text []byte) (Attestation, error) {
	body, ok := canonicalNote(text)
	if !ok {
		return Attestation{}, evidence(ReportMalformed, 0, "it is no signed note")
	}
	a, err := parseReport(body)
	if err != nil {
		return Attestation{}, evidence(ReportMalformed, 0, "%v", err)
	}
	a.Note = bytes.Clone(text)
	return a, nil
}

// parseReport reads the lines of an attestation.
func parseReport(body string) (Attestation, error) {
	var a Attestation
	lines := strings.Split(body, "\n")
	names := []string{"origin", "size", "root", "as-of", "as-of-size", "query", "params", "program", "policy", "result"}
	if len(lines) != len(names)+2 || lines[0] != reportLabel || lines[len(lines)-1] != "" {
		return a, fmt.Errorf("it must begin with %s and have %d lines", reportLabel, len(names)+1)
	}
	value := map[string]string{}
	for i, name := range names {
		v, ok := strings.CutPrefix(lines[i+1], name+" ")
		if !ok || !token(v) {
			return a, fmt.Errorf("line %d is not %q and a value without spaces", i+2, name)
		}
		value[name] = v
	}
	ok := map[string]bool{}
	a.Origin, ok["origin"] = value["origin"], validOrigin(value["origin"])
	a.Size, ok["size"] = parseSize(value["size"])
	a.Root, ok["root"] = parseHash(value["root"])
	a.AsOf, ok["as-of"] = value["as-of"], validAsOf(value["as-of"])
	a.AsOfSize, ok["as-of-size"] = parseSize(value["as-of-size"])
	a.Params, ok["params"] = parseHash(value["params"])
	a.Result, ok["result"] = parseHash(value["result"])
	a.Query, a.Program, a.Policy = value["query"], value["program"], value["policy"]
	for _, name := range names {
		if is, checked := ok[name]; checked && !is {
			return Attestation{}, fmt.Errorf("the value of %q is none", name)
		}
	}
	if a.AsOfSize > a.Size {
		return Attestation{}, fmt.Errorf("of %d records %d cannot be stored before", a.Size, a.AsOfSize)
	}
	return a, nil
}

func token(s string) bool {
	return s != "" && len(s) <= 200 && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f })
}

func validAsOf(s string) bool {
	for _, form := range []string{time.DateOnly, time.RFC3339Nano} {
		if _, err := time.Parse(form, s); err == nil {
			return true
		}
	}
	return false
}

// VerifySignature verifies that a key of the log's reports has signed the
// attestation, and that its note says what its fields say.
func (a Attestation) VerifySignature(key PublicKey) error {
	if key.Role != LogKey || key.Name != ReportKeyName(a.Origin) {
		return evidence(CheckpointSignature, a.Size, "the key of %s does not sign the reports of %s", key.Name, a.Origin)
	}
	n, err := openNote(a.Note, key.verifier())
	if err != nil {
		return err
	}
	if n.Text != a.String() {
		return evidence(ReportMalformed, a.Size, "what was signed is something else")
	}
	return nil
}

// Verify verifies the signature, and that the log that the report was made from
// is the one of a checkpoint that the caller trusts ([Policy.Verify]): the same,
// or an earlier state of it by a consistency proof. If it is the state of another
// history, that is an [*EvidenceError] with [CheckpointInconsistent]. A report on
// more records than the checkpoint has is one with [CheckpointRollback]: the
// caller needs a newer checkpoint.
func (a Attestation) Verify(key PublicKey, trusted Checkpoint, consistency []Hash) error {
	if err := a.VerifySignature(key); err != nil {
		return err
	}
	err := CheckConsistency(a.Checkpoint, trusted, consistency)
	if e, ok := errors.AsType[*EvidenceError](err); ok && e.Code == SplitView {
		// Nobody but the reporter has signed the other root.
		return evidence(CheckpointInconsistent, a.Size, "the report is on another log: %s", e.Detail)
	}
	return err
}

// VerifyTiles is Verify with the tiles of the log, read for a checkpoint that the
// caller trusts, in place of a proof.
func (a Attestation) VerifyTiles(key PublicKey, tiles *Tiles) error {
	trusted := tiles.Checkpoint()
	if a.Size > trusted.Size {
		return a.Verify(key, trusted, nil)
	}
	have, err := tiles.At(a.Size)
	if err != nil {
		return err
	}
	return a.Verify(key, have, nil)
}

// CompareResult holds a result that was computed again against the one that was
// attested: the bytes that the attestation came with, and the ones that were
// computed. If either is not what was attested, that is an [*EvidenceError] with
// [ReportMismatch] that names the first row in which they differ. Without the
// first, which may be nil, no row can be named.
func CompareResult(a Attestation, attested, recomputed []byte) error {
	shown := attested == nil || HashOf(attested) == a.Result
	again := HashOf(recomputed) == a.Result
	what := ""
	switch {
	case shown && again:
		return nil
	case again:
		what = "the result that is shown is not the one that was attested"
	case shown:
		what = "computed again, the result is another"
	default:
		what = "neither the result that is shown nor the one that was computed again is the one that was attested"
	}
	if attested != nil {
		what += ": " + firstDifference(string(attested), string(recomputed))
	}
	return evidence(ReportMismatch, a.Size, "%s", what)
}

// firstDifference says which is the first line that two texts do not share.
func firstDifference(shown, computed string) string {
	for line := 1; ; line++ {
		a, restA, moreA := strings.Cut(shown, "\n")
		b, restB, moreB := strings.Cut(computed, "\n")
		switch {
		case a != b:
			return fmt.Sprintf("line %d is %s, and computed %s", line, quoted(a), quoted(b))
		case moreA != moreB:
			return fmt.Sprintf("after line %d one of the two ends", line)
		case !moreA:
			return "no line differs"
		}
		shown, computed = restA, restB
	}
}

const maxQuoted = 200

func quoted(s string) string {
	if len(s) > maxQuoted {
		s = s[:maxQuoted] + "…"
	}
	return strconv.Quote(s)
}
