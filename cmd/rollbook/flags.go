package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/projections"
)

// question is the flags of everything that asks for a figure or a history.
type question struct {
	organisation string
	asOf         string
	knownAt      string
	minPosition  uint64
	wait         time.Duration
}

func (q *question) organisationFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&q.organisation, "organisation", "", "id of the organisation whose subtree is meant; without it the whole ledger")
}

func (q *question) asOfFlag(cmd *cobra.Command, more string) {
	cmd.Flags().StringVar(&q.asOf, "as-of", "", "last day that counts, as 2022-12-31 or 31/12/2022; "+more)
}

func (q *question) knownAtFlag(cmd *cobra.Command) {
	cmd.Flags().Uint64Var(&q.minPosition, "min-position", 0, "answer from read models that have come at least to this sequence, such as that of one's own write")
	cmd.Flags().DurationVar(&q.wait, "wait", defaultWait, "how long to wait for --min-position")
	cmd.Flags().StringVar(&q.knownAt, "known-at", "", "last sequence that counts, or a moment such as 2023-01-31T17:00:00+07:00; without it everything recorded")
}

// defaultWait is how long a question waits for a position.
const defaultWait = 5 * time.Second

// resolve returns the question, with fallback as the day where none is given.
func (q *question) resolve(ctx context.Context, l *ledger.Ledger, fallback domain.Date) (projections.Question, error) {
	out := projections.Question{Organisation: strings.TrimPrefix(q.organisation, "organisation/"), AsOf: fallback}
	var err error
	if q.asOf != "" {
		if out.AsOf, err = dateFlag("as-of", q.asOf); err != nil {
			return out, err
		}
	}
	if out.Organisation != "" && !domain.ValidID(out.Organisation) {
		return out, usage("--organisation %q is not an id: 1 to 64 of the characters A-Z a-z 0-9 _ -",
			"--organisation %q không phải mã: 1 đến 64 ký tự A-Z a-z 0-9 _ -", show(out.Organisation))
	}
	if q.minPosition > 0 {
		if err := l.Await(ctx, eventstore.Position(q.minPosition), q.wait); err != nil {
			return out, err
		}
	}
	out.KnownAt, err = q.known(ctx, l)
	return out, err
}

// check refuses what can be seen to be wrong before a ledger is opened.
func (q *question) check() error {
	if q.asOf != "" {
		if _, err := dateFlag("as-of", q.asOf); err != nil {
			return err
		}
	}
	_, _, err := parseKnownAt(q.knownAt)
	return err
}

// known returns the last position that counts; zero is all of them.
func (q *question) known(ctx context.Context, l *ledger.Ledger) (eventstore.Position, error) {
	at, moment, err := parseKnownAt(q.knownAt)
	if err != nil || moment.IsZero() {
		return at, err
	}
	if at, err = l.KnownAt(ctx, moment); err != nil {
		return 0, err
	}
	if at == 0 {
		return projections.NothingKnown, nil
	}
	return at, nil
}

func parseKnownAt(s string) (at eventstore.Position, moment time.Time, err error) {
	if s == "" {
		return 0, moment, nil
	}
	if n, err := strconv.ParseUint(s, 10, 63); err == nil {
		if n == 0 {
			return projections.NothingKnown, moment, nil
		}
		return eventstore.Position(n), moment, nil
	}
	if moment, err = time.Parse(time.RFC3339, s); err == nil {
		return 0, moment, nil
	}
	return 0, moment, usage("--known-at %q is neither a sequence nor a moment such as 2023-01-31T17:00:00+07:00",
		"--known-at %q không phải số thứ tự, cũng không phải thời điểm như 2023-01-31T17:00:00+07:00", show(s))
}

// parseDay reads a date as people or programs write it.
func parseDay(s string) (domain.Date, bool) {
	if len(s) == 10 && s[2] == '/' && s[5] == '/' {
		s = s[6:] + "-" + s[3:5] + "-" + s[:2]
	}
	return domain.ParseDate(s)
}

func dateFlag(name, s string) (domain.Date, error) {
	d, ok := parseDay(s)
	if !ok {
		return 0, usage("--%s %q is not a date that exists; write it as 2022-12-31 or 31/12/2022",
			"--%s %q không phải ngày có thật; hãy viết 31/12/2022 hoặc 2022-12-31", name, show(s))
	}
	return d, nil
}

func completeFlag(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
}
