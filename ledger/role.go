package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollbook/domain"
	"rollbook/projections"
)

// Role is a part of the work of a service. Several instances that have the same
// servers and the same database can share it.
type Role string

// The roles. Each instance has a data directory of its own.
const (
	// RoleAPI answers requests: it records, and reads what a projector keeps.
	RoleAPI Role = "api"
	// RoleProjector keeps the read models up with the log. Several may do it at once.
	RoleProjector Role = "projector"
	// RoleAuditor signs checkpoints. It is the one that has the keys of the log and
	// of reports; all others compare the log with what it has signed.
	RoleAuditor Role = "auditor"
	// RoleFeed keeps the feed up with the log. Several may do it at once.
	RoleFeed Role = "feed"
)

// Roles are what one instance does. None named are all.
type Roles []Role

// AllRoles returns every role, in the order in which they are shown.
func AllRoles() Roles { return Roles{RoleAPI, RoleProjector, RoleAuditor, RoleFeed} }

// ParseRoles reads roles with commas between. An empty text is all of them.
func ParseRoles(text string) (Roles, error) {
	if text == "" {
		return AllRoles(), nil
	}
	var named Roles
	for name := range strings.SplitSeq(text, ",") {
		role := Role(strings.TrimSpace(name))
		if !slices.Contains(AllRoles(), role) {
			return nil, fmt.Errorf("%q is no role; there are: %s", role, AllRoles())
		}
		named = append(named, role)
	}
	return named.Sorted(), nil
}

// Has reports whether a role is among them.
func (r Roles) Has(role Role) bool { return len(r) == 0 || slices.Contains(r, role) }

// All reports whether every role is.
func (r Roles) All() bool { return len(r.Sorted()) == len(AllRoles()) }

// Sorted returns each of them once, in the order of [AllRoles].
func (r Roles) Sorted() Roles {
	return slices.DeleteFunc(AllRoles(), func(role Role) bool { return !r.Has(role) })
}

// String returns them with commas between.
func (r Roles) String() string {
	var names []string
	for _, role := range r.Sorted() {
		names = append(names, string(role))
	}
	return strings.Join(names, ",")
}

// Lacks says what is missing for an instance to do a part of the work: the log,
// the read models and the checkpoints have to be where the others reach them. It is
// the zero Text if nothing is.
func (o Options) Lacks() (lack domain.Text) {
	if o.Roles.All() {
		return lack
	}
	var flags []string
	for _, need := range []struct {
		flag string
		is   bool
	}{{"--nats", o.Servers.URL != ""}, {"--database", o.Database != ""}, {"--anchor", len(o.Signing.Anchors) > 0}} {
		if !need.is {
			flags = append(flags, need.flag)
		}
	}
	if flags == nil {
		return lack
	}
	missing := strings.Join(flags, ", ")
	return domain.Text{
		EN: fmt.Sprintf("--role %s lacks %s: instances that share the work have the log on NATS servers, read models and accounts in PostgreSQL, and the auditor's checkpoints in a file that all of them reach", o.Roles, missing),
		VI: fmt.Sprintf("--role %s thiếu %s: các tiến trình chia việc phải có nhật ký trên máy chủ NATS, bảng số liệu và tài khoản trong PostgreSQL, và các mốc của auditor trong một tệp mà tất cả cùng đọc được", o.Roles, missing),
	}
}

// projectorPatience is how long a reader waits for the projector of another instance
// to come to where the log ended when it asked.
var projectorPatience = 5 * time.Second

// projectorPause is between two looks how far that is.
const projectorPause = 10 * time.Millisecond

// ErrNoProjector means that the read models are behind the log and that no other
// instance takes in what is missing. Reading from them would leave out what was
// acknowledged.
var ErrNoProjector = errors.New("the read models are behind the log, and no instance with the role projector brings them up")

// awaitProjector waits until another instance has brought the read models to where
// the log ends now.
func (l *Ledger) awaitProjector(ctx context.Context) error {
	last, err := l.log.Last(ctx)
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, projectorPatience)
	defer cancel()
	for {
		var at projections.Checkpoint
		err := l.store.Read(ctx, func(r projections.Reader) (err error) {
			at, err = r.Checkpoint(ctx)
			return err
		})
		switch {
		case err == nil && at.Position >= last:
			return nil
		case err == nil:
			err = fmt.Errorf("they are at %d of %d", at.Position, last)
		case !errors.Is(err, projections.ErrVersion) && !errors.Is(err, projections.ErrMoved):
			return err // not for a projector of this version to make good
		}
		select {
		case <-waiting.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("%w: %w", ErrNoProjector, err)
		case <-time.After(projectorPause):
		}
	}
}
