package pages

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/web/access"
)

// checkpointRow is a signed checkpoint.
type checkpointRow struct {
	Size, Origin, Root, Witnesses, Verdict string
	Good                                   bool
}

// verified is what a verification came to.
type verified struct {
	Class, Title, Text string
	Unwitnessed        bool
	Problems           []problemRow
}

type problemRow struct{ Code, Nature, At, Detail string }

type auditPage struct {
	frame
	Newest      *checkpointRow
	Notice      string
	Verified    *verified
	Checkpoints []checkpointRow
	Older       string
}

// checkpointsShown is how many checkpoints stand on the page.
const checkpointsShown = 20

// audit shows what was signed, and the doors to proofs.
func (p *Pages) audit(a *asked) error { return p.showAudit(a, nil) }

func (p *Pages) showAudit(a *asked, v *verified) error {
	if err := p.service.Access.Anywhere(a.ctx, access.Audit); err != nil {
		return err
	}
	page := auditPage{frame: p.frame(a, a.t.say("audit"), "/audit"), Verified: v}
	newest, err := p.service.Checkpoint(a.ctx)
	if err != nil && !errors.Is(err, ledger.ErrSigning) {
		return err
	}
	if newest != nil {
		row := a.t.checkpoint(*newest)
		page.Newest = &row
		page.Notice = a.t.pick(audit.Notice(newest.SignedCheckpoint, p.service.Clock()))
		err = p.service.Ledger.SignedNotes(func(s ledger.Signed) error {
			page.Checkpoints = append(page.Checkpoints, a.t.checkpoint(s))
			return nil
		})
		if err != nil {
			return err
		}
	}
	slices.Reverse(page.Checkpoints)
	if more := len(page.Checkpoints) - checkpointsShown; more > 0 {
		page.Checkpoints, page.Older = page.Checkpoints[:checkpointsShown], a.t.number(int64(more))
	}
	return p.show(a, http.StatusOK, "audit", page)
}

func (t *tongue) checkpoint(s ledger.Signed) checkpointRow {
	row := checkpointRow{Size: t.number(int64(s.Size)), Origin: s.Origin, Root: s.Root.String(), Good: s.Verdict == nil}
	var names []string
	for _, c := range s.Cosigned {
		names = append(names, c.Key.Name)
	}
	row.Witnesses = strings.Join(names, ", ")
	if s.Unwitnessed {
		row.Witnesses = t.say("audit.unwitnessed.short")
	}
	if wrong, ok := errors.AsType[*audit.EvidenceError](s.Verdict); ok {
		row.Verdict = string(wrong.Code)
	} else if s.Verdict != nil {
		row.Verdict = t.say("audit.bad")
	}
	return row
}

// verify recomputes what the ledger claims of its log, while clerks go on.
func (p *Pages) verify(a *asked) error {
	out, err := p.service.Verify(a.ctx, ledger.Verifying{LogOnly: true}) // read models would outlast a request
	if err != nil {
		return err
	}
	t := a.t
	v := verified{Class: "good", Title: t.say("audit.verified"), Unwitnessed: out.Unwitnessed}
	if !out.Good() {
		v.Class, v.Title = "bad", t.say("audit.not_verified")
	}
	v.Text = t.say("audit.verified.text", t.number(int64(out.Records)), t.number(int64(out.Checkpoints)), out.Root)
	for _, problem := range out.Problems {
		row := problemRow{Code: string(problem.Code), Nature: string(problem.Nature), Detail: problem.Detail}
		if problem.Sequence > 0 {
			row.At = strconv.FormatUint(uint64(problem.Sequence), 10)
		}
		v.Problems = append(v.Problems, row)
	}
	return p.showAudit(a, &v)
}

// newest returns the newest checkpoint. It holds no fact.
func (p *Pages) newest(a *asked) (*ledger.Signed, error) {
	s, err := p.service.Checkpoint(a.ctx)
	if err == nil && s == nil {
		err = errNoPage
	}
	return s, err
}

// checkpointPicture is the newest checkpoint as a QR code.
func (p *Pages) checkpointPicture(a *asked) error {
	s, err := p.newest(a)
	if err != nil {
		return err
	}
	code, err := audit.QR(s.SignedCheckpoint)
	if err != nil {
		return err
	}
	return a.send("image/png", code.PNG())
}

// checkpointNote is the newest checkpoint as it was signed.
func (p *Pages) checkpointNote(a *asked) error {
	s, err := p.newest(a)
	if err != nil {
		return err
	}
	return a.send("text/plain; charset=utf-8", s.Note)
}

// bundle hands out the proof of a member's whole history.
func (p *Pages) bundle(a *asked) error {
	form, err := a.form()
	if err != nil {
		return err
	}
	id := strings.TrimPrefix(clean(form.Get("member")), "member/")
	if !domain.ValidID(id) {
		return access.ErrNotFound
	}
	b, err := p.service.Bundle(a.ctx, domain.MemberSubject(id))
	if err != nil {
		return err
	}
	a.w.Header().Set("Content-Disposition", `attachment; filename="`+id+`.bundle"`)
	return a.send("application/json", b)
}

// send writes an answer that is no page. Who is gone need not be told.
func (a *asked) send(kind string, body []byte) error {
	a.w.Header().Set("Content-Type", kind)
	a.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = a.w.Write(body)
	return nil
}
