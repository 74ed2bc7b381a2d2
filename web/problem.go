package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/internal/postgres"
	"rollbook/ledger"
	"rollbook/office/sheets"
	"rollbook/projections"
	"rollbook/web/access"
	"rollbook/web/service"
)

// Problem is what an error looks like from outside (RFC 9457). Its code is stable.
type Problem struct { //nolint:errname // the word of RFC 9457
	Type     string `json:"type" doc:"urn:rollbook:problem: and the code"`
	Title    string `json:"title" doc:"what is wrong and what to do, in the language that was asked for"`
	Status   int    `json:"status"`
	Code     string `json:"code" doc:"stable, for programs"`
	Field    string `json:"field,omitempty" doc:"path of the field at fault, such as data.person.gender"`
	Rule     string `json:"rule,omitempty" doc:"the charter rule, with charter_rule"`
	Clash    string `json:"clash,omitempty" doc:"id of the recorded entry that stands in the way"`
	Position uint64 `json:"position,omitempty" doc:"where the subject's history ends, with stale"`
	Request  string `json:"request,omitempty" doc:"id of the request, for whoever looks into the log of the service"`

	Messages Messages `json:"messages"`

	after time.Duration // when to try again
	cause error         // nil if it is told whole
}

// Messages are a text in both languages.
type Messages struct {
	EN string `json:"en"`
	VI string `json:"vi"`
}

func (p *Problem) Error() string { return p.Messages.EN }

// GetStatus is what huma asks an error for.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is what huma asks an error for.
func (*Problem) ContentType(string) string { return "application/problem+json" }

// own stands for the words of the error itself.
const own = "%s"

// families is the one table from errors to statuses. The first that fits counts.
var families = []struct {
	status int
	code   string
	is     func(error) bool
	// text says what to do. Without English, or with own, those are the error's own words.
	text domain.Text
}{
	{http.StatusUnauthorized, "unauthorized", is(access.ErrStranger), domain.Text{EN: "sign in, or send a token that is good", VI: "hãy đăng nhập, hoặc gửi mã truy cập còn hiệu lực"}},
	{http.StatusForbidden, "forbidden", is(access.ErrForbidden), domain.Text{EN: "none of your rights covers this", VI: "bạn không có quyền làm việc này"}},
	{http.StatusForbidden, "forbidden", is(access.ErrPart), domain.Text{EN: "your right covers a part of the ledger; name an organisation in it", VI: "quyền của bạn chỉ trong một phần của sổ; hãy nêu tổ chức thuộc phần đó"}},
	{http.StatusNotFound, "not_found", is(access.ErrNotFound), notFound},
	{http.StatusNotFound, "not_found", is(access.ErrAccount), domain.Text{EN: own, VI: "không có tài khoản này"}},
	{http.StatusNotFound, "not_found", is(ledger.ErrUnknownSubject), notFound},
	{http.StatusNotFound, "not_found", is(projections.ErrUnknownOrganisation), notFound},
	{http.StatusNotFound, "not_found", is(ledger.ErrNotAMember), notFound},
	{http.StatusUnprocessableEntity, "bad_value", is(access.ErrReason), domain.Text{EN: own, VI: "lý do dài 3 đến 500 ký tự"}},
	{http.StatusUnprocessableEntity, "bad_value", is(access.ErrPassword), domain.Text{EN: own, VI: "mật khẩu dài 12 đến 128 ký tự và không chứa tên đăng nhập"}},
	{http.StatusUnprocessableEntity, "bad_value", is(access.ErrValue), domain.Text{EN: own, VI: "giá trị không lưu được; xem messages.en"}},
	{http.StatusConflict, "taken", is(access.ErrTaken), domain.Text{EN: own, VI: "tài khoản khác đã dùng tên đăng nhập hoặc danh tính này"}},
	{http.StatusForbidden, "sign_in_failed", is(access.ErrSignIn), domain.Text{EN: own, VI: "tên đăng nhập hoặc mật khẩu không đúng"}},
	{http.StatusForbidden, "sign_in_failed", is(access.ErrIdentity), domain.Text{EN: own, VI: "chưa có tài khoản nào gắn với danh tính này"}},
	{http.StatusGone, "link_used", is(access.ErrLink), domain.Text{EN: own, VI: "liên kết này đã dùng hoặc đã quá hạn"}},
	{http.StatusUnprocessableEntity, "bad_value", is(ledger.ErrCursor), domain.Text{EN: "this cursor is of another question; begin without one", VI: "con trỏ này thuộc câu hỏi khác; hãy bắt đầu lại không có con trỏ"}},
	{http.StatusUnprocessableEntity, "not_events", is(ledger.ErrFile), domain.Text{}},
	{http.StatusRequestEntityTooLarge, "too_large", is(ledger.ErrAtomicTooLarge), domain.Text{}},
	{http.StatusRequestEntityTooLarge, "too_large", as[*http.MaxBytesError], domain.Text{EN: "the body is larger than this takes", VI: "nội dung gửi lên lớn hơn mức cho phép"}},
	{http.StatusPreconditionFailed, "stale", as[*ledger.StaleError], domain.Text{EN: "the subject's history does not end where If-Match says; read it again and decide anew", VI: "lịch sử của đối tượng đã thay đổi so với If-Match; hãy đọc lại rồi quyết định"}},
	{http.StatusConflict, "conflict", as[*eventstore.VersionError], domain.Text{EN: "somebody else recorded something on the same subject at the same moment, and nothing was stored; send the same again", VI: "có người khác vừa ghi vào cùng đối tượng, chưa có gì được lưu; hãy gửi lại đúng yêu cầu này"}},
	{http.StatusConflict, "in_use", is(projections.ErrBusy), domain.Text{EN: "this is being done already; wait for it to end", VI: "việc này đang được thực hiện; hãy đợi nó xong"}},
	{http.StatusGatewayTimeout, "not_reached", is(ledger.ErrNotReached), domain.Text{EN: "the log did not reach min_position in time; check the number, or wait longer", VI: "nhật ký chưa tới min_position trong thời gian chờ; hãy kiểm tra số đó hoặc chờ lâu hơn"}},
	{http.StatusServiceUnavailable, "unavailable", is(ledger.ErrNoProjector), domain.Text{EN: "the figures do not have everything yet that was recorded, and nothing was stored; ask again in a while", VI: "số liệu chưa có đủ những gì đã ghi, chưa có gì được lưu; hãy thử lại sau ít phút"}},
	{http.StatusServiceUnavailable, "unknown_outcome", is(eventstore.ErrUnknownOutcome), domain.Text{EN: "the log did not answer, so it is not known whether this was stored; send the same again: nothing is stored twice", VI: "nhật ký không trả lời nên chưa biết đã lưu hay chưa; hãy gửi lại đúng yêu cầu này: không có gì bị lưu hai lần"}},
	{http.StatusServiceUnavailable, "unavailable", is(eventstore.ErrUnavailable), domain.Text{EN: "the log takes nothing now, and nothing was stored; send the same again in a while", VI: "nhật ký hiện không nhận thêm, chưa có gì được lưu; hãy gửi lại sau ít phút"}},
	{http.StatusServiceUnavailable, "unavailable", is(ledger.ErrNoKeys), domain.Text{EN: "personal data cannot be sealed, so nothing was stored; the operator has to restore the keys", VI: "không thể niêm phong dữ liệu cá nhân nên chưa lưu gì; người vận hành cần khôi phục kho khoá"}},
	{http.StatusServiceUnavailable, "unavailable", is(postgres.ErrUnreachable), domain.Text{EN: "the database cannot be reached; try again in a while", VI: "không kết nối được cơ sở dữ liệu; hãy thử lại sau ít phút"}},
	{http.StatusServiceUnavailable, "unavailable", is(context.Canceled), domain.Text{EN: "the service is ending, and nothing was stored; send the same again", VI: "dịch vụ đang dừng, chưa có gì được lưu; hãy gửi lại"}},
	{http.StatusRequestTimeout, "too_slow", is(os.ErrDeadlineExceeded), domain.Text{EN: "the body came too slowly", VI: "nội dung gửi lên quá chậm"}},
	{http.StatusServiceUnavailable, "unavailable", is(context.DeadlineExceeded), domain.Text{EN: "this took too long; try again in a while", VI: "việc này mất quá nhiều thời gian; hãy thử lại sau ít phút"}},
}

var notFound = domain.Text{EN: "there is nothing of that name, or not within your rights", VI: "không có đối tượng này, hoặc ngoài quyền hạn của bạn"}

// rejections are the statuses of what a rule said no to.
var rejections = map[domain.Code]int{
	domain.Malformed: http.StatusBadRequest, domain.UnknownType: http.StatusUnprocessableEntity, domain.UnknownField: http.StatusUnprocessableEntity,
	domain.MissingField: http.StatusUnprocessableEntity, domain.BadValue: http.StatusUnprocessableEntity, domain.UnknownEntity: http.StatusNotFound,
	domain.DuplicateID: http.StatusUnprocessableEntity, domain.Invariant: http.StatusUnprocessableEntity, domain.CharterRule: http.StatusUnprocessableEntity,
	domain.Conflict: http.StatusConflict, domain.Forbidden: http.StatusForbidden, domain.TooLarge: http.StatusRequestEntityTooLarge,
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// ProblemOf returns what an error looks like from outside, with a title in a
// language. What is in no family is an internal error, and says nothing of itself.
func ProblemOf(err error, language string) *Problem {
	p := problemOf(err)
	p.Type, p.Title = "urn:rollbook:problem:"+p.Code, domain.Text(p.Messages).In(language)
	return p
}

func problemOf(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		again := *p
		return &again
	}
	if r, ok := errors.AsType[*domain.Rejection](err); ok {
		return &Problem{Status: rejections[r.Code], Code: string(r.Code), Field: r.Field, Rule: r.Rule, Clash: r.Clash, Messages: Messages(r.Message)}
	}
	if i, ok := errors.AsType[*service.InputError](err); ok {
		return &Problem{Status: http.StatusUnprocessableEntity, Code: string(domain.BadValue), Field: i.Field, Messages: Messages(i.Message)}
	}
	if t, ok := errors.AsType[*access.TooManyError](err); ok {
		return &Problem{Status: http.StatusTooManyRequests, Code: "too_many", after: t.After, Messages: Messages{EN: "too many tries; wait as long as Retry-After says", VI: "thử quá nhiều lần; hãy đợi theo Retry-After"}}
	}
	if f, ok := errors.AsType[*sheets.FileError](err); ok {
		return &Problem{Status: http.StatusUnprocessableEntity, Code: "not_events", Messages: Messages(f.Text)}
	}
	for _, f := range families {
		if !f.is(err) {
			continue
		}
		text := f.text
		if text.EN == "" || text.EN == own {
			text.EN = err.Error()
		}
		p := &Problem{Status: f.status, Code: f.code, Messages: Messages(text)}
		if f.status == http.StatusServiceUnavailable {
			p.after, p.cause = 2*time.Second, err
		}
		if s, ok := errors.AsType[*ledger.StaleError](err); ok {
			p.Position = uint64(s.Actual)
		}
		return p
	}
	return &Problem{Status: http.StatusInternalServerError, Code: "internal", cause: err, Messages: Messages{
		EN: "something went wrong that should not; the log of the service has it under the id of this request", VI: "có lỗi ngoài dự kiến; nhật ký dịch vụ ghi lỗi này theo mã yêu cầu",
	}}
}

// problemf is a problem with the protocol itself.
func problemf(status int, code, field, en, vi string, args ...any) *Problem {
	return &Problem{Status: status, Code: code, Field: field, Messages: Messages{fmt.Sprintf(en, args...), fmt.Sprintf(vi, args...)}}
}

// headers are those that go along with a problem.
func (p *Problem) headers() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.after.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="rollbook"`)
	}
	return h
}

// tell writes a problem as the answer to a request.
func (s *Server) tell(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Context(), err)
	maps.Copy(w.Header(), p.headers())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // who went away needs no answer
}

// problem returns what an error of a request looks like, and logs what is not
// told whole.
func (s *Server) problem(ctx context.Context, err error) *Problem {
	p := ProblemOf(err, languageFrom(ctx))
	p.Request = requestFrom(ctx)
	switch {
	case p.cause == nil:
	case errors.Is(p.cause, context.Canceled) && ctx.Err() != nil:
		s.logger.DebugContext(ctx, "nobody waits for the answer to a request any more", slog.String("request", p.Request))
	default:
		s.logger.ErrorContext(ctx, "a request failed", slog.String("request", p.Request), slog.String("code", p.Code), slog.Any("error", p.cause))
	}
	return p
}

// languageOf returns the language that a request asks for: "vi" or "en".
func languageOf(r *http.Request) string {
	for tag := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), ";")
		switch tag, _, _ = strings.Cut(tag, "-"); tag {
		case "vi", "en":
			return tag
		}
	}
	if v, ok := access.VisitorFrom(r.Context()); ok {
		return v.Language
	}
	return "en"
}
