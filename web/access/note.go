package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Note is one line of the log of readings: who has read or exported what, of
// whom, when and why; and who has signed in or given a right. It holds no name
// and nothing that was read.
type Note struct {
	At      time.Time `json:"at"`
	Account string    `json:"account"`
	Means   Means     `json:"means"`
	// What was done, such as "read_member" or "events_exported".
	What string `json:"what"`
	// Subject is whom or what it was done to: an opaque id.
	Subject      string `json:"subject,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	// Reason is what the reader gave, where one is asked for.
	Reason  string `json:"reason,omitempty"`
	Request string `json:"request,omitempty"`
}

// ErrReason means that a reason is missing or too long.
var ErrReason = errors.New("a reason has 3 to 500 characters")

// CheckReason reports whether a text will do for a reason.
func CheckReason(s string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(s)); n < 3 || n > 500 || !utf8.ValidString(s) {
		return ErrReason
	}
	return nil
}

type requestKey struct{}

// WithRequest returns a context whose notes name a request by its id.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// Note writes lines into the log of readings, as the visitor of ctx. When it
// returns they are stored; only then may what they tell of be answered.
func (a *Access) Note(ctx context.Context, notes ...Note) error {
	v, ok := VisitorFrom(ctx)
	if !ok {
		v = Visitor{ID: "owner", Means: BySocket} // somebody at the data directory itself
	}
	return a.noteOf(ctx, v, notes...)
}

func (a *Access) noteOf(ctx context.Context, v Visitor, notes ...Note) error {
	request, _ := ctx.Value(requestKey{}).(string)
	err := a.db.change(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, `INSERT INTO note (at, id, account, means, what, subject, organisation, reason, request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, n := range notes {
			_, err := insert.ExecContext(ctx, a.now().UnixMicro(), rand.Text(), v.ID, string(v.Means), n.What, n.Subject, n.Organisation, strings.TrimSpace(n.Reason), request)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("the log of readings: %w", err)
	}
	return nil
}

// NoteFilter says which notes are wanted; what is empty leaves a side open.
type NoteFilter struct {
	Account, Subject string
	Since            time.Time
	// Limit is how many there are at most; 0 for 1,000.
	Limit int
}

// Notes returns lines of the log of readings, newest first.
func (a *Access) Notes(ctx context.Context, f NoteFilter) ([]Note, error) {
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	since := int64(0)
	if !f.Since.IsZero() {
		since = f.Since.UnixMicro()
	}
	notes := []Note{}
	err := a.db.rows(ctx, `SELECT at, account, means, what, subject, organisation, reason, request FROM note
		WHERE at >= $1 AND ($2 = '' OR account = $2) AND ($3 = '' OR subject = $3) ORDER BY at DESC, id LIMIT $4`,
		[]any{since, f.Account, f.Subject, f.Limit}, func(scan func(...any) error) error {
			var n Note
			var at int64
			err := scan(&at, &n.Account, &n.Means, &n.What, &n.Subject, &n.Organisation, &n.Reason, &n.Request)
			n.At = time.UnixMicro(at).UTC()
			notes = append(notes, n)
			return err
		})
	return notes, err
}
