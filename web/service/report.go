package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/office/papers"
	"rollbook/office/reports"
	"rollbook/projections"
	"rollbook/web/access"
)

// Format is a form of a file that a report is handed out in.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
	PDF  Format = "pdf"
)

// Formats returns all of them.
func Formats() []Format { return []Format{CSV, XLSX, PDF} }

// MediaType returns what HTTP calls the format.
func (f Format) MediaType() string {
	switch f {
	case CSV:
		return "text/csv"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case PDF:
	}
	return "application/pdf"
}

// Report is an answer that can be handed out as a file, too. What the visitor may
// not see is in neither.
type Report struct {
	// Name is that of the report, such as "headcount".
	Name string
	// Answer is the document for programs.
	Answer any

	question projections.Question
	withheld *Withheld
	paper    func(reports.Reader) papers.Paper
}

// File is a report in a form that it is handed out in.
type File struct {
	Name  string // says which report of which day, and nothing of whom
	Bytes []byte
}

// File puts a report into a form, with its texts in a language, and writes down that
// it was handed out.
func (s *Service) File(ctx context.Context, r Report, f Format, lang string) (File, error) {
	list, err := s.Organisations(ctx, r.question)
	if err != nil {
		return File{}, err
	}
	reader := reports.Reader{Lang: lang, Names: reports.NamesOf(list), Withheld: r.withheld.text(lang)}
	p := r.paper(reader)
	if err := reports.Prove(ctx, s.Ledger, &p); err != nil {
		return File{}, err
	}
	write := p.CSVStanding
	if f != CSV {
		figures, err := s.Ledger.Figures(ctx)
		if err != nil {
			return File{}, err
		}
		d, _, err := figures.Directory(ctx, r.question)
		if err != nil {
			return File{}, err
		}
		head := s.Head
		if head.Dated == 0 {
			head.Dated = s.Today()
		}
		p.Letterhead = reader.Letterhead(head, d, r.question.Organisation, r.question.AsOf)
		if write = p.XLSX; f == PDF {
			write = p.PDF
		}
	}
	var out bytes.Buffer
	if err := write(&out); err != nil {
		return File{}, err
	}
	err = s.Exported(ctx, r.Name, f, r.question.Organisation)
	return File{fmt.Sprintf("%s-%s.%s", r.Name, p.Standing.AsOf, f), out.Bytes()}, err
}

// Exported writes down that a report of an organisation is handed out in a form.
func (s *Service) Exported(ctx context.Context, name string, f Format, organisation string) error {
	return s.Access.Note(ctx, access.Note{What: "report_exported", Subject: name + " " + string(f), Organisation: organisation})
}

// text says what is withheld, "" for nothing.
func (w *Withheld) text(lang string) string {
	if w == nil {
		return ""
	}
	return fmt.Sprintf(domain.Text{
		EN: "Numbers below %d are hidden and others rounded to %d, so that nobody can be told from figures.",
		VI: "Số dưới %d được ẩn, các số khác làm tròn đến %d, để không ai bị nhận ra qua số liệu.",
	}.In(lang), w.Below, w.RoundedTo)
}

// HeadcountReport is [Service.Headcount] as a report.
func (s *Service) HeadcountReport(ctx context.Context, q projections.Question, by []projections.Dimension) (Report, error) {
	h, err := s.Headcount(ctx, q, by)
	return Report{"headcount", h, q, h.Withheld, func(r reports.Reader) papers.Paper { return r.Headcount(h.Headcount) }}, err
}

// MovementsReport is [Service.Movements] as a report; with children it has a row for
// each part of the organisation.
func (s *Service) MovementsReport(ctx context.Context, q projections.Question, from domain.Date, children bool) (Report, error) {
	if !children {
		m, err := s.Movements(ctx, q, from)
		return Report{"movements", m, q, m.Withheld, func(r reports.Reader) papers.Paper { return r.Movements(m.Movements) }}, err
	}
	m, err := s.MovementsByPart(ctx, q, from)
	return Report{"movements", m, q, m.Withheld, func(r reports.Reader) papers.Paper {
		return r.MovementsByPart(projections.MovementsByPart{Movements: m.Movements.Movements, Rows: m.Rows})
	}}, err
}

// IndicatorsReport is [Service.Indicators] as a report.
func (s *Service) IndicatorsReport(ctx context.Context, q projections.Question, year int, children bool) (Report, error) {
	i, err := s.Indicators(ctx, q, year, children)
	return Report{"indicators", i, q, i.Withheld, func(r reports.Reader) papers.Paper { return r.Indicators(i.Indicators) }}, err
}

// FindingsReport is [Service.Findings] as a report, with its texts in a language.
func (s *Service) FindingsReport(ctx context.Context, q projections.FindingsQuestion, lang string) (Report, error) {
	f, err := s.Findings(ctx, q)
	f = f.In(lang)
	return Report{"findings", f, q.Question, nil, func(r reports.Reader) papers.Paper { return r.Findings(f.In(r.Lang)) }}, err
}

// WorklistReport is [Service.Worklist] as a report.
func (s *Service) WorklistReport(ctx context.Context, q projections.Question, ahead int, kinds []projections.WorkKind) (Report, error) {
	w, err := s.Worklist(ctx, q, ahead, kinds)
	return Report{"worklist", w, q, nil, func(r reports.Reader) papers.Paper { return r.Worklist(w) }}, err
}

// RegisterReport is [Service.Register] as a report.
func (s *Service) RegisterReport(ctx context.Context, q ledger.RegisterQuestion, reason string) (Report, error) {
	g, err := s.Register(ctx, q, reason)
	return Report{"register", g, q.Question, nil, func(r reports.Reader) papers.Paper { return r.Register(g) }}, err
}

// FormReport is [Service.Form] as a report.
func (s *Service) FormReport(ctx context.Context, name string, q FormQuestion) (Report, error) {
	f, err := s.Form(ctx, name, q)
	return Report{name, f, q.Question, f.Withheld, func(r reports.Reader) papers.Paper { return r.Form(f.Form) }}, err
}

// ExplainHeadcountReport is [Service.ExplainHeadcount] as a report.
func (s *Service) ExplainHeadcountReport(ctx context.Context, c Comparison, by []projections.Dimension) (Report, error) {
	e, err := s.ExplainHeadcount(ctx, c, by)
	return Report{"explain-headcount", e, c.To, nil, func(r reports.Reader) papers.Paper { return r.ExplainHeadcount(e) }}, err
}

// ExplainMovementsReport is [Service.ExplainMovements] as a report.
func (s *Service) ExplainMovementsReport(ctx context.Context, c Comparison, knownFrom bool) (Report, error) {
	e, err := s.ExplainMovements(ctx, c, knownFrom)
	return Report{"explain-movements", e, c.To, nil, func(r reports.Reader) papers.Paper { return r.ExplainMovements(e) }}, err
}

// ExplainIndicatorsReport is [Service.ExplainIndicators] as a report.
func (s *Service) ExplainIndicatorsReport(ctx context.Context, c Comparison) (Report, error) {
	e, err := s.ExplainIndicators(ctx, c)
	return Report{"explain-indicators", e, c.To, nil, func(r reports.Reader) papers.Paper { return r.ExplainIndicators(e) }}, err
}

// ExplainFindingsReport is [Service.ExplainFindings] as a report, with its texts in a
// language.
func (s *Service) ExplainFindingsReport(ctx context.Context, c Comparison, lang string) (Report, error) {
	e, err := s.ExplainFindings(ctx, c)
	e = e.In(lang)
	return Report{"explain-findings", e, c.To, nil, func(r reports.Reader) papers.Paper { return r.ExplainFindings(e.In(r.Lang)) }}, err
}

// FormQuestion is what a statistical form is asked for.
type FormQuestion struct {
	projections.Question
	// From is the day at whose end the period of a form of one opens; Year is that of
	// the ratings.
	From domain.Date
	Year int
	// By is some of the form's dimensions; all if empty.
	By       []string
	Children bool
}

// Form is a statistical form as far as the visitor may see it: a count that is
// withheld is null, and parts of which all are withheld are left out.
type Form struct {
	projections.Form
	Withheld *Withheld
}

// MarshalJSON writes the form with what is withheld.
func (f Form) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(f.Form)
	if err != nil || f.Withheld == nil {
		return b, err
	}
	w, err := json.Marshal(f.Withheld)
	return append(append(append(b[:len(b)-1], `,"withheld":`...), w...), '}'), err
}

// The statistical forms.
var (
	formsOfDay    = []string{"structure", "ratings", "villages"}
	formsOfPeriod = []string{"admissions", "discipline", "confirmations", "badges"}
)

// Forms returns the names of the statistical forms: of a day, and of a period.
func Forms() (ofDay, ofPeriod []string) { return slices.Clone(formsOfDay), slices.Clone(formsOfPeriod) }

// formDimensions are what a form can be broken down by; nil if it has no choice.
func formDimensions(name string) []string {
	switch name {
	case "structure":
		return ledger.StructureDimensions()
	case "admissions":
		return ledger.AdmissionDimensions()
	}
	return nil
}

// FormDimensions reads what a form is broken down by: names with commas between, none
// for all of them.
func FormDimensions(name, by string) (list []string, err error) {
	all := formDimensions(name)
	if by == "" {
		return nil, nil
	}
	if all == nil {
		return nil, badInput("by", "is not asked for by this form; leave it out", "biểu này không chia theo tiêu chí; hãy bỏ tham số này")
	}
	for d := range strings.SplitSeq(by, ",") {
		d = strings.TrimSpace(d)
		if !slices.Contains(all, d) || slices.Contains(list, d) {
			choice := strings.Join(all, ", ")
			return nil, badInput("by", "is any of %s, each once, with commas between", "là các giá trị %s, mỗi giá trị một lần, cách nhau bằng dấu phẩy", choice)
		}
		list = append(list, d)
	}
	return list, nil
}

// Form counts for a statistical form; it needs [access.ReadFigures].
func (s *Service) Form(ctx context.Context, name string, q FormQuestion) (Form, error) {
	ofPeriod := slices.Contains(formsOfPeriod, name)
	if ofPeriod && q.AsOf < q.From {
		return Form{}, badInput("to", "lies before from; exchange them", "sớm hơn from; hãy đổi lại")
	}
	if name == "ratings" {
		if err := Year(q.Year); err != nil {
			return Form{}, err
		}
	}
	f, w, err := s.figures(ctx, &q.Question)
	if err != nil {
		return Form{}, err
	}
	if ofPeriod {
		if err := w.day("from", q.From); err != nil {
			return Form{}, err
		}
	}
	if name == "ratings" && q.AsOf.Year() < q.Year {
		return Form{}, badInput("year", "has not begun on as_of; ask for an earlier year or a later day", "chưa bắt đầu vào ngày as_of; hãy chọn năm trước hoặc ngày muộn hơn")
	}
	form, err := s.form(ctx, f, name, q)
	if err != nil {
		return Form{}, err
	}
	return Form{w.form(form), w}, nil
}

func (s *Service) form(ctx context.Context, f *projections.Figures, name string, q FormQuestion) (projections.Form, error) {
	asked := ledger.FormQuestion{Question: q.Question, By: q.By, Children: q.Children}
	switch name {
	case "structure":
		return s.Ledger.Structure(ctx, asked)
	case "admissions":
		return s.Ledger.Admissions(ctx, asked, q.From)
	case "ratings":
		return f.Ratings(ctx, q.Question, q.Year, q.Children)
	case "villages":
		return f.Villages(ctx, q.Question)
	case "discipline":
		return f.Discipline(ctx, q.Question, q.From, q.Children)
	case "confirmations":
		return f.Confirmations(ctx, q.Question, q.From, q.Children)
	case "badges":
		return f.Badges(ctx, q.Question, q.From, q.Children)
	}
	return projections.Form{}, access.ErrNotFound
}
