package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/archive"
	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/vault"
	"rollbook/internal/postgres"
	"rollbook/ledger"
	"rollbook/office/sheets"
	"rollbook/projections"
	"rollbook/web/access"
)

// Exit codes. They are part of what programs outside hold on to.
const (
	exitDone        = 0
	exitUnexpected  = 1
	exitUsage       = 2
	exitEvidence    = 3 // verification failed or evidence missing
	exitConflict    = 4
	exitNotFound    = 5
	exitRejected    = 6
	exitUnhealthy   = 7 // doctor found a failure
	exitUnreachable = 8
	exitInterrupted = 130
)

// problem is why a command did not do what it was asked for, in words for the
// person who asked.
type problem struct {
	name  string // stable, for programs
	exit  int
	text  domain.Text
	told  bool // the command has said so itself
	cause error
}

func (p *problem) Error() string { return p.text.EN }
func (p *problem) Unwrap() error { return p.cause }

func textf(en, vi string, args ...any) domain.Text {
	return domain.Text{EN: fmt.Sprintf(en, args...), VI: fmt.Sprintf(vi, args...)}
}

// usage is a command that was not written as it should be.
func usage(en, vi string, args ...any) error {
	return &problem{name: "usage", exit: exitUsage, text: textf(en, vi, args...)}
}

func notFound(en, vi string, args ...any) error {
	return &problem{name: "not_found", exit: exitNotFound, text: textf(en, vi, args...)}
}

// asUsage makes what the parser of flags says a usage error.
func asUsage(err error) error {
	if _, ok := errors.AsType[*problem](err); ok {
		return err
	}
	text := flagError(err)
	return &problem{name: "usage", exit: exitUsage, text: domain.Text{EN: text.EN + "; see --help", VI: text.VI + "; xem --help"}, cause: err}
}

// own stands for the words of the error itself.
const own = "%s"

// families is the one table from errors to exit codes. The first that fits
// counts: what is wrong with the evidence comes before everything else.
var families = []struct {
	name string
	exit int
	is   func(error) bool
	// text says what to do. %s in the Vietnamese stands for the error's own words,
	// which are English.
	text domain.Text
}{
	{"evidence_missing", exitEvidence, is(ledger.ErrNoTree), domain.Text{
		EN: own,
		VI: "cây băm của nhật ký không còn nên không có gì để đối chiếu; hãy khôi phục từ bản sao lưu, hoặc nếu chắc chắn nhật ký còn nguyên thì lập lại bằng `rollbook anchor rebuild`",
	}},
	{"evidence_missing", exitEvidence, is(audit.ErrTree), domain.Text{
		EN: "the files of the tree that the log is compared with are damaged; restore them from a backup or, if the log is certainly whole, make them anew with `rollbook anchor rebuild`",
		VI: "các tệp của cây băm dùng để đối chiếu nhật ký bị hỏng; hãy khôi phục từ bản sao lưu, hoặc nếu chắc chắn nhật ký còn nguyên thì lập lại bằng `rollbook anchor rebuild`",
	}},
	{"verification_failed", exitEvidence, as[*ledger.DamagedBackupError], domain.Text{EN: own, VI: "bản sao lưu bị hỏng: %s"}},
	{"verification_failed", exitEvidence, as[*ledger.RollbackError], domain.Text{EN: own, VI: "bản sao lưu cũ hơn những gì đã được ký: %s"}},
	{"evidence_missing", exitEvidence, lacksEvidence, domain.Text{EN: own, VI: "thiếu bằng chứng để xác minh: %s"}},
	{"verification_failed", exitEvidence, as[*audit.EvidenceError], domain.Text{EN: own, VI: "bằng chứng không khớp: %s"}},
	{"evidence_missing", exitEvidence, is(audit.ErrMemory), domain.Text{
		EN: "the memory of what was signed is missing or damaged, so nothing is signed; see `rollbook help checkpoint restart`",
		VI: "bộ nhớ của những gì đã ký bị mất hoặc hỏng nên không ký thêm; xem `rollbook help checkpoint restart`",
	}},
	{"not_found", exitNotFound, is(archive.ErrNone), domain.Text{EN: own, VI: "thư mục này không có bản lưu trữ nào"}},
	{"evidence_missing", exitEvidence, is(archive.ErrOrigin), domain.Text{EN: own, VI: "bản lưu trữ này là của sổ khác, hoặc của nhật ký trước khi bị lập lại"}},
	{"evidence_missing", exitEvidence, is(ledger.ErrIncomplete), domain.Text{EN: own, VI: "báo cáo chưa đầy đủ nên không chứng thực được; xem `rollbook projections list`"}},
	{"usage", exitUsage, is(ledger.ErrQuery), domain.Text{EN: own, VI: "không có báo cáo như vậy để chứng thực: %s"}},
	{"unavailable", exitUnreachable, is(archive.ErrInUse), domain.Text{EN: own, VI: "một tiến trình khác đang ghi bản lưu trữ này"}},
	{"unavailable", exitUnreachable, is(audit.ErrMemoryInUse), domain.Text{EN: own, VI: "một tiến trình khác đang dùng bộ nhớ của những gì đã ký: %s"}},
	{"usage", exitUsage, is(audit.ErrPolicy), domain.Text{EN: own, VI: "tệp chính sách không hợp lệ: %s"}},
	{"evidence_missing", exitEvidence, is(audit.ErrKey), domain.Text{EN: own, VI: "không dùng được khoá ký: %s"}},
	{"evidence_missing", exitEvidence, is(ledger.ErrSigning), domain.Text{EN: own, VI: "hiện không ký được: %s"}},
	{"evidence_missing", exitEvidence, is(audit.ErrOrigin), domain.Text{
		EN: "the tree is that of another ledger; name the right one with --tree",
		VI: "cây băm này là của sổ khác; hãy chỉ đúng thư mục bằng --tree",
	}},
	{"read_models_damaged", exitUnreachable, is(projections.ErrDamaged), domain.Text{
		EN: "a file of the read models is damaged, which the log is not concerned by; stop the service and remove models.db and what begins with it from the data directory: the next command makes them anew",
		VI: "một tệp bảng số liệu bị hỏng, nhật ký không bị ảnh hưởng; hãy dừng dịch vụ và xoá models.db cùng các tệp có tên bắt đầu như vậy trong thư mục dữ liệu: lệnh sau sẽ lập lại",
	}},
	{"verification_failed", exitEvidence, is(projections.ErrAhead), domain.Text{
		EN: "the read models have seen more than the log holds, so the log was cut or replaced; record nothing, and restore the data directory from a backup",
		VI: "các bảng số liệu đã thấy nhiều hơn những gì nhật ký còn giữ, tức nhật ký đã bị cắt hoặc thay; đừng ghi thêm, hãy khôi phục thư mục dữ liệu từ bản sao lưu",
	}},
	{"verification_failed", exitEvidence, as[*eventstore.GapError], domain.Text{
		EN: "a record of the log is missing or damaged; record nothing, keep a copy of the data directory, and restore it from a backup",
		VI: "một bản ghi của nhật ký bị mất hoặc hỏng; đừng ghi thêm, hãy giữ một bản sao thư mục dữ liệu rồi khôi phục từ bản sao lưu",
	}},
	{"verification_failed", exitEvidence, is(ledger.ErrFeedAhead), domain.Text{
		EN: "the feed has more messages than the log has records, so the log was cut or replaced; record nothing, and restore the log from a backup",
		VI: "luồng sự kiện có nhiều hơn nhật ký, tức nhật ký đã bị cắt hoặc thay; đừng ghi thêm, hãy khôi phục nhật ký từ bản sao lưu",
	}},
	{"verification_failed", exitEvidence, is(jetstream.ErrFeed), domain.Text{
		EN: "the feed holds another message than the one that belongs there: it is of another log, or somebody else wrote into it. Find out who; then delete the feed, and it is made anew",
		VI: "luồng sự kiện chứa tin khác với tin phải có: nó thuộc nhật ký khác, hoặc có bên khác đã ghi vào. Hãy tìm nguyên nhân, rồi xoá luồng để lập lại",
	}},
	{"evidence_missing", exitEvidence, is(eventstore.ErrMissing), domain.Text{
		EN: "the log is gone, but other files of it are there; keep a copy of the data directory, and restore it from a backup",
		VI: "nhật ký không còn trong khi các tệp khác vẫn có; hãy giữ một bản sao thư mục dữ liệu rồi khôi phục từ bản sao lưu",
	}},
	{"evidence_missing", exitEvidence, is(ledger.ErrIdentity), domain.Text{
		EN: "the data directory has lost its ledger.json; record nothing, and restore that file from a backup",
		VI: "thư mục dữ liệu bị mất tệp ledger.json của sổ; đừng ghi thêm, hãy khôi phục tệp đó từ bản sao lưu",
	}},
	{"verification_failed", exitEvidence, is(jetstream.ErrSettings), domain.Text{EN: own, VI: "cấu hình của nhật ký không đúng như yêu cầu: %s"}},
	{"evidence_missing", exitEvidence, is(vault.ErrMasterKey), domain.Text{
		EN: own,
		VI: "khoá của sổ này được bọc bằng một khoá chính khác; hãy chỉ đúng tệp khoá chính bằng --master-key",
	}},
	{"evidence_missing", exitEvidence, is(ledger.ErrNoKeys), domain.Text{
		EN: own,
		VI: "không thể niêm phong dữ liệu cá nhân vì thiếu kho khoá keys.db hoặc tệp khoá chính, hoặc kho khoá cũ hơn nhật ký; chưa ghi gì thêm, hãy khôi phục bản sao lưu mới nhất của chúng",
	}},
	{"usage", exitUsage, is(vault.ErrMasterFile), domain.Text{
		EN: own,
		VI: "không dùng được tệp khoá chính: người khác đọc được (hãy chạy chmod 600), bị hỏng hoặc không phải là tệp",
	}},
	{"not_found", exitNotFound, is(ledger.ErrNoBackup), domain.Text{EN: own, VI: "thư mục này không có bản sao lưu nào hoàn chỉnh"}},
	{"usage", exitUsage, is(ledger.ErrBackupPlace), domain.Text{EN: own, VI: "không sao lưu được vào thư mục này: nó nằm trong thư mục dữ liệu, có nội dung khác, hoặc là bản sao của sổ khác"}},
	{"not_found", exitNotFound, is(ledger.ErrNoLog), domain.Text{
		EN: "the NATS servers have no log; make it with `rollbook nats init` and a login that may create streams",
		VI: "máy chủ NATS chưa có nhật ký; hãy tạo bằng `rollbook nats init` với tài khoản được phép tạo stream",
	}},
	{"not_found", exitNotFound, is(ledger.ErrNoMirror), domain.Text{
		EN: own,
		VI: "máy chủ NATS không có luồng với tên của --mirror",
	}},
	{"unreachable", exitUnreachable, is(jetstream.ErrUnreachable), domain.Text{
		EN: own,
		VI: "không kết nối được máy chủ NATS; hãy kiểm tra --nats, mạng và máy chủ rồi chạy lại",
	}},
	{"usage", exitUsage, is(jetstream.ErrLogin), domain.Text{
		EN: own,
		VI: "không dùng được tài khoản hoặc chứng chỉ cho máy chủ NATS: hãy kiểm tra --nkey, --nats-ca, --nats-cert, --nats-key",
	}},
	{"in_use", exitUnreachable, is(eventstore.ErrInUse), domain.Text{
		EN: own,
		VI: "một tiến trình rollbook khác đang mở thư mục dữ liệu này; hãy đợi nó kết thúc hoặc dừng nó lại",
	}},
	{"not_reached", exitUnreachable, is(ledger.ErrNotReached), domain.Text{
		EN: own,
		VI: "nhật ký chưa có số thứ tự của --min-position trong thời gian chờ; hãy kiểm tra lại số đó hoặc tăng --wait",
	}},
	{"unavailable", exitUnreachable, is(ledger.ErrNoProjector), domain.Text{
		EN: own,
		VI: "các bảng số liệu chậm hơn nhật ký và không có tiến trình nào mang vai trò projector cập nhật; hãy khởi động nó rồi chạy lại lệnh này",
	}},
	{"in_use", exitUnreachable, is(projections.ErrBusy), domain.Text{
		EN: own,
		VI: "một tiến trình khác đang dựng lại các bảng số liệu; hãy đợi nó xong",
	}},
	{"in_use", exitUnreachable, is(projections.ErrTakenOver), domain.Text{
		EN: own,
		VI: "một phiên bản khác của chương trình đã thay các bảng số liệu; hãy khởi động lại chương trình này",
	}},
	{"conflict", exitConflict, is(projections.ErrMoved), domain.Text{
		EN: "another process has changed the read models at the same time; try again",
		VI: "một tiến trình khác vừa thay đổi các bảng số liệu; hãy thử lại",
	}},
	{"not_found", exitNotFound, is(ledger.ErrCursor), domain.Text{
		EN: "nobody with that id is in this register: --after takes the id of its last row, with everything else as before",
		VI: "danh sách này không có ai mang mã đó: --after nhận mã của dòng cuối trang trước, các tham số khác giữ nguyên",
	}},
	{"not_found", exitNotFound, is(ledger.ErrNothingBefore), domain.Text{
		EN: "there are no earlier read models to return to: no rebuild has replaced any, or another version of the program filled them",
		VI: "không có bảng số liệu trước đó để quay lại: chưa dựng lại lần nào, hoặc chúng do phiên bản chương trình khác lập",
	}},
	{"not_found", exitNotFound, is(projections.ErrNoGeneration), domain.Text{
		EN: own,
		VI: "không có thế hệ bảng số liệu đó, hoặc không còn nữa; hãy chạy lại chương trình",
	}},
	{"unreachable", exitUnreachable, is(postgres.ErrUnreachable), domain.Text{
		EN: own,
		VI: "không kết nối được cơ sở dữ liệu; hãy kiểm tra địa chỉ, người dùng và mật khẩu ở --database (hoặc ROLLBOOK_DATABASE), và máy chủ PostgreSQL 15 trở lên có đang chạy không",
	}},
	{"usage", exitUsage, is(postgres.ErrURL), domain.Text{
		EN: own,
		VI: "không hiểu địa chỉ cơ sở dữ liệu ở --database (hoặc ROLLBOOK_DATABASE); hãy viết dạng postgres://NGƯỜI_DÙNG@MÁY_CHỦ:CỔNG/TÊN",
	}},
	{"usage", exitUsage, is(ledger.ErrKeysThere), domain.Text{
		EN: own, VI: "cơ sở dữ liệu đã có khoá của sổ này; hãy chỉ cơ sở dữ liệu khác bằng --database, hoặc lược đồ khác, ví dụ postgres://...?schema=rollbook_2",
	}},
	{"usage", exitUsage, is(ledger.ErrDatabase), domain.Text{
		EN: "the database holds another ledger; name another database with --database, or another schema in it, as postgres://...?schema=rollbook_2",
		VI: "cơ sở dữ liệu này đang giữ một sổ khác; hãy chỉ cơ sở dữ liệu khác bằng --database, hoặc lược đồ khác, ví dụ postgres://...?schema=rollbook_2",
	}},
	{"not_found", exitNotFound, is(access.ErrAccount), domain.Text{EN: own, VI: "không có tài khoản này; xem `rollbook access list`"}},
	{"not_found", exitNotFound, is(access.ErrNotFound), domain.Text{EN: "there is no token that begins so; see `rollbook access tokens`", VI: "không có mã truy cập bắt đầu như vậy; xem `rollbook access tokens`"}},
	{"conflict", exitConflict, is(access.ErrTaken), domain.Text{EN: own, VI: "tài khoản khác đã dùng tên đăng nhập hoặc danh tính này; xem `rollbook access list`"}},
	{"usage", exitUsage, is(access.ErrNotEmpty), domain.Text{
		EN: "there are accounts in the database already; name another database with --database, or another schema in it, as postgres://...?schema=rollbook_2",
		VI: "cơ sở dữ liệu đã có tài khoản; hãy chỉ cơ sở dữ liệu khác bằng --database, hoặc lược đồ khác, ví dụ postgres://...?schema=rollbook_2",
	}},
	{"usage", exitUsage, is(access.ErrFormat), domain.Text{EN: own, VI: "tài khoản do phiên bản mới hơn của chương trình tạo ra; hãy dùng phiên bản đó"}},
	{"usage", exitUsage, is(access.ErrValue), domain.Text{EN: own, VI: "giá trị không hợp lệ; xem --help"}},
	{"rejected", exitRejected, as[*domain.Rejection], domain.Text{EN: own, VI: "bị từ chối: %s"}},
	{"conflict", exitConflict, as[*eventstore.VersionError], domain.Text{
		EN: "somebody else recorded something on the same subject at the same moment, and nothing was stored; give the same command again",
		VI: "có người khác vừa ghi vào cùng đối tượng, chưa có gì được lưu; hãy chạy lại đúng lệnh này",
	}},
	{"usage", exitUsage, is(ledger.ErrDirectory), domain.Text{
		EN: own,
		VI: "không thể lập sổ ở thư mục này: thư mục có nội dung khác, không đọc được, hoặc tên sổ không hợp lệ; hãy chọn một thư mục trống bằng --data",
	}},
	{"not_found", exitNotFound, is(ledger.ErrNoLedger), domain.Text{
		EN: "there is no ledger here; import a file with `rollbook import FILE`, try `rollbook demo`, or name the directory with --data",
		VI: "chưa có sổ nào ở đây; hãy nhập tệp bằng `rollbook import TỆP`, thử `rollbook demo`, hoặc chỉ thư mục bằng --data",
	}},
	{"not_found", exitNotFound, is(ledger.ErrUnknownSubject), domain.Text{
		EN: "the ledger has never heard of this subject; check the id", VI: "sổ không có đối tượng này; hãy kiểm tra lại mã",
	}},
	{"not_found", exitNotFound, is(projections.ErrUnknownOrganisation), domain.Text{
		EN: "the ledger has never heard of this organisation; `rollbook report headcount --by organisation` lists those with members",
		VI: "sổ không có tổ chức này; `rollbook report headcount --by organisation` liệt kê các tổ chức có đảng viên",
	}},
	{"usage", exitUsage, is(ledger.ErrAtomicTooLarge), domain.Text{
		EN: fmt.Sprintf("--atomic stores at most %d records at once (each new event, and each identity or card number that gets or loses its holder with it), and nothing was stored; split the file, or import without --atomic", eventstore.MaxBatch),
		VI: fmt.Sprintf("--atomic lưu tối đa %d bản ghi một lần (mỗi sự kiện mới, và mỗi số định danh hay số thẻ được gắn hoặc gỡ kèm theo), chưa có gì được lưu; hãy tách tệp hoặc nhập không dùng --atomic", eventstore.MaxBatch),
	}},
	{"not_events", exitRejected, is(ledger.ErrFile), domain.Text{EN: own, VI: "không phải tệp sự kiện: %s"}},
	{"unknown_outcome", exitUnexpected, is(eventstore.ErrUnknownOutcome), domain.Text{
		EN: "the log did not answer, so it is not known whether this was stored; give the same command again: nothing is stored twice",
		VI: "nhật ký không trả lời nên chưa biết đã lưu hay chưa; hãy chạy lại đúng lệnh này: không có gì bị lưu hai lần",
	}},
	{"unavailable", exitUnreachable, is(eventstore.ErrUnavailable), domain.Text{
		EN: own,
		VI: "nhật ký hiện không nhận thêm bản ghi, chưa có gì được lưu; hãy xem nguyên nhân, khắc phục rồi chạy lại lệnh này",
	}},
	{"interrupted", exitInterrupted, is(context.Canceled), domain.Text{
		EN: "interrupted; what was stored is stored, and the command can be given again", VI: "đã dừng theo yêu cầu; những gì đã lưu vẫn còn, có thể chạy lại lệnh",
	}},
	{"usage", exitUsage, is(syscall.ENOTDIR), domain.Text{
		EN: "the data directory is not a directory; name another one with --data", VI: "thư mục dữ liệu không phải là thư mục; hãy chỉ thư mục khác bằng --data",
	}},
	{"unexpected", exitUnexpected, is(fs.ErrPermission), domain.Text{
		EN: "no permission to use the data directory; run as its owner, or name another one with --data", VI: "không có quyền dùng thư mục dữ liệu; hãy chạy bằng chủ sở hữu của nó hoặc chỉ thư mục khác bằng --data",
	}},
	{"unexpected", exitUnexpected, is(syscall.ENOSPC), domain.Text{
		EN: "the disk is full; make room and give the command again: nothing is stored twice", VI: "đĩa đã đầy; hãy giải phóng chỗ trống rồi chạy lại lệnh: không có gì bị lưu hai lần",
	}},
	{"unexpected", exitUnexpected, func(error) bool { return true }, domain.Text{EN: own, VI: "lỗi không lường trước: %s"}},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// explain finds the family of an error.
func explain(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if m, ok := errors.AsType[*audit.MismatchError](err); ok {
		return &problem{name: "verification_failed", exit: exitEvidence, text: mismatchText(m), cause: err}
	}
	if f, ok := errors.AsType[*sheets.FileError](err); ok {
		return &problem{name: "not_events", exit: exitRejected, text: domain.Text{EN: show(f.In("en")), VI: show(f.In("vi"))}, cause: err}
	}
	for _, f := range families {
		if !f.is(err) {
			continue
		}
		text := f.text
		if text.EN == own {
			text = domain.Text{EN: err.Error(), VI: strings.ReplaceAll(text.VI, own, err.Error())}
		}
		return &problem{name: f.name, exit: f.exit, text: text, cause: err}
	}
	return nil // the last family fits every error
}

// mismatchText says in what the log is not what it was, and what to do.
func mismatchText(m *audit.MismatchError) domain.Text {
	what := map[audit.Code]domain.Text{
		audit.TailMissing:     {EN: "the log was cut", VI: "nhật ký bị cắt đuôi"},
		audit.HeadMissing:     {EN: "the beginning of the log is missing", VI: "phần đầu nhật ký bị mất"},
		audit.SeqGap:          {EN: "a record of the log is missing or cannot be read", VI: "một bản ghi của nhật ký bị mất hoặc không đọc được"},
		audit.StreamReplaced:  {EN: "the log was replaced by another one", VI: "nhật ký bị thay bằng nhật ký khác"},
		audit.LeafMismatch:    {EN: "a record of the log was changed", VI: "một bản ghi của nhật ký bị sửa"},
		audit.ForbiddenHeader: {EN: "somebody else wrote into the log", VI: "có bên khác đã ghi vào nhật ký"},
	}[m.Code]
	return domain.Text{
		EN: fmt.Sprintf("%s: %s; the first wrong sequence is %d, and %d records are vouched for. Record nothing, keep a copy of the data directory, and restore it from a backup", m.Code, what.EN, m.First, m.Size),
		VI: fmt.Sprintf("%s: %s; số thứ tự sai đầu tiên là %d, trên %d bản ghi đã được xác nhận. Đừng ghi thêm, hãy giữ một bản sao thư mục dữ liệu rồi khôi phục từ bản sao lưu", m.Code, what.VI, m.First, m.Size),
	}
}

// rejectionDocument is how a rejection is written in JSON.
type rejectionDocument struct {
	Code    domain.Code `json:"code"`
	Field   string      `json:"field"`
	Rule    string      `json:"rule"`
	Clash   string      `json:"clash"`
	Message string      `json:"message"`
}

// errorDocument is how any other failure is written in JSON.
type errorDocument struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (a *app) errorDocument(err error) errorDocument {
	p := explain(err)
	return errorDocument{p.name, p.text.In(a.lang)}
}

// finish reports how a command ended and returns the exit code.
func (a *app) finish(err error) int {
	exit := exitDone
	if err != nil {
		p := explain(err)
		exit = p.exit
		if !p.told {
			a.report(err, p)
		}
	}
	if err := a.out.flush(); err != nil {
		if !errors.Is(err, syscall.EPIPE) { // who went away needs no message
			a.console.line("rollbook: " + a.say("standard output cannot be written: ", "không ghi được ra đầu ra chuẩn: ") + reasonOf(err))
		}
		if exit == exitDone {
			exit = exitUnexpected
		}
	}
	return exit
}

func (a *app) report(err error, p *problem) {
	r, rejected := errors.AsType[*domain.Rejection](err)
	rejected = rejected && p.exit == exitRejected
	switch {
	case a.json && !a.out.documented && rejected:
		a.out.document(map[string]rejectionDocument{"rejection": {r.Code, r.Field, r.Rule, r.Clash, r.Message.In(a.lang)}})
	case a.json && !a.out.documented:
		a.out.document(map[string]errorDocument{"error": {p.name, p.text.In(a.lang)}})
	case rejected:
		a.console.line("rollbook: " + a.rejectionText(r))
	default:
		a.console.line("rollbook: " + p.text.In(a.lang))
	}
	if a.logger != nil && p.text.EN != err.Error() && !rejected && a.visit == nil {
		a.logger.Debug("the error in full", slog.Any("error", err))
	}
}

// rejectionText is a rejection on one line: code, field and message.
func (a *app) rejectionText(r *domain.Rejection) string {
	return rejectionLine(string(r.Code), r.Field, r.Message.In(a.lang))
}

func rejectionLine(code, field, message string) string {
	if field != "" {
		code += " " + field
	}
	return code + ": " + message
}

// reasonOf returns the reason of an error of the operating system without the
// call and the path, which the message has already.
func reasonOf(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}

// lacksEvidence reports whether evidence is missing, and not speaking against the
// log.
func lacksEvidence(err error) bool {
	e, ok := errors.AsType[*audit.EvidenceError](err)
	return ok && e.Code.Missing()
}

// codeOf returns the code of what is wrong with a log or a proof.
func codeOf(err error) string {
	if e, ok := errors.AsType[*audit.EvidenceError](err); ok {
		return string(e.Code)
	}
	if m, ok := errors.AsType[*audit.MismatchError](err); ok {
		return string(m.Code)
	}
	return "UNEXPECTED"
}
