package service

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/projections"
)

// InputError is a parameter that cannot be meant.
type InputError struct {
	Field   string
	Message domain.Text
}

func (e *InputError) Error() string { return e.Field + ": " + e.Message.EN }

func badInput(field, en, vi string, args ...any) error {
	return &InputError{field, domain.Text{EN: fmt.Sprintf(en, args...), VI: fmt.Sprintf(vi, args...)}}
}

// Asked is a question as it stands in an address or a form.
type Asked struct {
	// Organisation is an id, with or without "organisation/"; "" is the whole
	// ledger.
	Organisation string
	// AsOf is a day, as 2022-12-31 or 31/12/2022; today if empty.
	AsOf string
	// KnownAt is a sequence, or a moment in RFC 3339 form; everything if empty.
	KnownAt string
	// MinPosition is a sequence that the answer must have taken in, such as that
	// of one's own write; Wait is how long to wait for it, 5 s if zero.
	MinPosition uint64
	Wait        time.Duration
}

const (
	usualWait   = 5 * time.Second
	longestWait = 30 * time.Second
)

// Question reads a question. It returns an [*InputError] for what cannot be
// meant, and [rollbook/ledger.ErrNotReached] when the wait was in vain.
func (s *Service) Question(ctx context.Context, a Asked) (projections.Question, error) {
	q := projections.Question{Organisation: strings.TrimPrefix(a.Organisation, "organisation/"), AsOf: s.Today()}
	if q.Organisation != "" && !domain.ValidID(q.Organisation) {
		return q, badInput("organisation", "is not an id: 1 to 64 of the characters A-Z a-z 0-9 _ -", "không phải mã: 1 đến 64 ký tự A-Z a-z 0-9 _ -")
	}
	var err error
	if a.AsOf != "" {
		if q.AsOf, err = Day("as_of", a.AsOf); err != nil {
			return q, err
		}
	}
	if a.MinPosition > 0 {
		wait := a.Wait
		if wait == 0 {
			wait = usualWait
		}
		if err := s.Ledger.Await(ctx, eventstore.Position(a.MinPosition), min(wait, longestWait)); err != nil {
			return q, err
		}
	}
	q.KnownAt, err = s.known(ctx, "known_at", a.KnownAt)
	return q, err
}

// Day reads a day as people or programs write it.
func Day(field, s string) (domain.Date, error) {
	if len(s) == 10 && s[2] == '/' && s[5] == '/' {
		s = s[6:] + "-" + s[3:5] + "-" + s[:2]
	}
	d, ok := domain.ParseDate(s)
	if !ok {
		return 0, badInput(field, "is not a date that exists; write it as 2022-12-31", "không phải ngày có thật; hãy viết 31/12/2022 hoặc 2022-12-31")
	}
	return d, nil
}

// known reads what was known; zero is everything.
func (s *Service) known(ctx context.Context, field, text string) (eventstore.Position, error) {
	if text == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(text, 10, 63); err == nil {
		if n == 0 {
			return projections.NothingKnown, nil
		}
		return eventstore.Position(n), nil
	}
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, badInput(field, "is neither a sequence nor a moment such as 2023-01-31T17:00:00+07:00", "không phải số thứ tự, cũng không phải thời điểm như 2023-01-31T17:00:00+07:00")
	}
	at, err := s.Ledger.KnownAt(ctx, moment)
	if err == nil && at == 0 {
		at = projections.NothingKnown
	}
	return at, err
}

// Dimensions reads what a headcount is broken down by: names with commas
// between.
func Dimensions(by string) ([]projections.Dimension, error) {
	dimensions := []projections.Dimension{}
	if by == "" {
		return dimensions, nil
	}
	var names []string
	for _, d := range projections.Dimensions() {
		names = append(names, string(d))
	}
	all := strings.Join(names, ", ")
	seen := map[string]bool{}
	for name := range strings.SplitSeq(by, ",") {
		name = strings.TrimSpace(name)
		if seen[name] || !strings.Contains(","+strings.Join(names, ",")+",", ","+name+",") {
			return nil, badInput("by", "is any of %s, each once, with commas between", "là các giá trị %s, mỗi giá trị một lần, cách nhau bằng dấu phẩy", all)
		}
		seen[name] = true
		dimensions = append(dimensions, projections.Dimension(name))
	}
	return dimensions, nil
}

// Year checks a year.
func Year(year int) error {
	if year < domain.FirstDay.Year() || year > domain.LastDay.Year() {
		return badInput("year", "is a year from %d to %d", "là năm từ %d đến %d", domain.FirstDay.Year(), domain.LastDay.Year())
	}
	return nil
}
