package service

import (
	"context"
	"slices"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
	"rollbook/web/access"
)

// RecordOptions say how an event is recorded.
type RecordOptions struct {
	// IfVersion is where the subject's history must end: see [ledger.By].
	IfVersion *eventstore.Position
	// ID is what an event without an id gets: see [ledger.By].
	ID string
}

// Record takes in one event on behalf of the visitor, who needs [access.Record]
// in the organisations that it concerns, and [access.Except] for an exception.
// Errors are those of [ledger.Ledger.RecordBy].
func (s *Service) Record(ctx context.Context, event []byte, o RecordOptions) (ledger.Outcome, error) {
	by, err := s.by(ctx, access.Record)
	if err != nil {
		return ledger.Outcome{}, err
	}
	by.ID, by.IfVersion = o.ID, o.IfVersion
	return s.Ledger.RecordBy(ctx, event, by)
}

// Try says what [Service.Record] would, and stores nothing.
func (s *Service) Try(ctx context.Context, event []byte, o RecordOptions) (ledger.Outcome, error) {
	by, err := s.by(ctx, access.Record)
	if err != nil {
		return ledger.Outcome{}, err
	}
	by.ID, by.IfVersion = o.ID, o.IfVersion
	return s.Ledger.Try(ctx, event, by)
}

// Import takes in files on behalf of the visitor, who needs [access.Import] in the
// organisations that each line concerns; others are rejected.
func (s *Service) Import(ctx context.Context, files []ledger.File, o ledger.ImportOptions) (ledger.ImportResult, error) {
	by, err := s.by(ctx, access.Import)
	if err != nil {
		return ledger.ImportResult{}, err
	}
	o.By = by
	if err := s.Access.Note(ctx, access.Note{What: "import_begun"}); err != nil {
		return ledger.ImportResult{}, err
	}
	return s.Ledger.Import(ctx, files, o)
}

// by is the visitor as who records.
func (s *Service) by(ctx context.Context, what access.Action) (ledger.By, error) {
	if err := s.Access.Anywhere(ctx, what); err != nil {
		return ledger.By{}, err
	}
	v, _ := access.VisitorFrom(ctx)
	by := ledger.By{Day: s.Today(), May: func(e domain.Entry, c ledger.Concerned) error {
		return s.mayRecord(ctx, what, e, c)
	}}
	if v.Means != access.BySocket { // its owner records on behalf of others
		by.Actor = v.ID
	}
	return by, nil
}

// mayRecord decides whether the visitor may record an entry.
func (s *Service) mayRecord(ctx context.Context, what access.Action, e domain.Entry, c ledger.Concerned) error {
	places := treeAt{c.Directory, s.Today()}
	whole := access.Allowed(ctx, places, what, "")
	if whole == nil {
		return s.mayExcept(ctx, places, e, c)
	}
	if failed(whole) {
		return whole
	}
	field := "subject"
	if c.Top || len(c.Belongs)+len(c.Named) == 0 {
		return outOfReach(field)
	}
	for _, o := range slices.Concat(c.Belongs, c.Named) {
		if len(c.Belongs) == 0 {
			field = "data"
		}
		switch err := access.Allowed(ctx, places, what, o); {
		case err == nil:
		case failed(err):
			return err
		default:
			return outOfReach(field)
		}
	}
	return s.mayExcept(ctx, places, e, c)
}

func (s *Service) mayExcept(ctx context.Context, places access.Places, e domain.Entry, c ledger.Concerned) error {
	if e.Exception == nil {
		return nil
	}
	for _, o := range slices.Concat(c.Belongs, c.Named) {
		if err := access.Allowed(ctx, places, access.Except, o); err != nil {
			if failed(err) {
				return err
			}
			return &domain.Rejection{Code: domain.Forbidden, Field: "exception", Message: domain.Text{
				EN: "takes a manager's right: an exception to a rule of the charter is not for a clerk to record", VI: "cần quyền quản lý: cán bộ ghi sổ không được ghi ngoại lệ với quy định của Điều lệ",
			}}
		}
	}
	return nil
}

// outOfReach is the answer for what is not there and for what the visitor may not
// touch: from outside there is no difference.
func outOfReach(field string) error {
	return &domain.Rejection{Code: domain.UnknownEntity, Field: field, Message: domain.Text{
		EN: "names something that is not in the ledger, or not within your rights; check the id", VI: "nêu đối tượng không có trong sổ, hoặc ngoài quyền hạn của bạn; hãy kiểm tra lại mã",
	}}
}

// treeAt is the tree of organisations as a decision sees it.
type treeAt struct {
	directory *domain.Directory
	day       domain.Date
}

// Above implements [access.Places].
func (t treeAt) Above(_ context.Context, organisation string) ([]string, error) {
	return above(t.directory, organisation, t.day), nil
}

// above returns an organisation and all above it on a day, nil if there is none.
func above(d *domain.Directory, organisation string, day domain.Date) (list []string) {
	if d.Organisation(organisation) == nil {
		return nil
	}
	for range d.Organisations() { // a damaged ring must not hang a request
		list = append(list, organisation)
		if organisation = d.Parent(organisation, day); organisation == "" {
			break
		}
	}
	return list
}
