package ledger

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"rollbook/eventstore/jetstream"
	"rollbook/projections"
)

// log looks at an embedded log and the read models, in a copy: a server that starts
// on damaged files may cut them, and then the evidence is gone.
func (d *doctor) log() {
	if d.o.Servers.URL != "" {
		return
	}
	dir := d.path(logDirectory)
	if _, err := os.Stat(filepath.Join(dir, "jetstream")); err != nil {
		d.say("log", Fail, "the log is gone from %s", "nhật ký không còn ở %s", d.dir).cure("record nothing; restore it from a backup", "đừng ghi thêm; khôi phục từ bản sao lưu")
		return
	}
	if pid := held(dir); pid != "" {
		d.say("process", Pass, "process %s has the ledger", "tiến trình %s đang mở sổ", pid)
		d.say("log", Warn, "not compared, because process %s has it", "chưa đối chiếu, vì tiến trình %s đang mở", pid).cure(
			"ask that process: its /readyz and /metrics say how the log is; or stop it and give the command again", "hỏi tiến trình đó qua /readyz và /metrics; hoặc dừng nó rồi chạy lại")
		return
	}
	d.say("process", Pass, "nobody has the ledger open", "không ai đang mở sổ")
	size := sizeBelow(dir)
	if free, err := jetstream.Free(os.TempDir()); size > mostToCopy || err == nil && free < uint64(2*size) {
		d.say("log", Warn, "%d MiB of log are not examined in a copy", "nhật ký %d MiB, không kiểm bằng bản sao", size>>20).cure("rollbook verify reads all of it", "rollbook verify đọc toàn bộ")
		return
	}
	temporary, err := os.MkdirTemp("", "rollbook-doctor-")
	if err != nil {
		d.trouble("log", err, "make room in the temporary directory", "giải phóng chỗ trong thư mục tạm")
		return
	}
	defer func() { _ = os.RemoveAll(temporary) }() // nothing rests on it
	switch err := d.examineCopy(temporary); {
	case errors.Is(err, projections.ErrDamaged):
		d.say("read_models", Fail, "a file of them is damaged: %v", "một tệp bảng số liệu bị hỏng: %v", strings.ReplaceAll(err.Error(), temporary, d.dir)).cure(
			"the log is not concerned: stop the service and remove models.db and what begins with it; the next command makes them anew",
			"nhật ký không bị ảnh hưởng: dừng dịch vụ và xoá models.db cùng các tệp có tên bắt đầu như vậy; lệnh sau sẽ lập lại")
	case err != nil:
		d.trouble("log", err, "record nothing, keep a copy of the data directory, restore it from a backup", "đừng ghi thêm, giữ một bản sao thư mục dữ liệu, khôi phục từ bản sao lưu")
	}
}

func (d *doctor) examineCopy(dir string) error {
	if err := d.copyTo(dir); err != nil {
		return err
	}
	o := d.o.Options
	o.Tree, o.Logger, o.Database, o.Signing = "", nil, "", Signing{}
	if d.policy != nil {
		text := "quorum none\n"
		for _, log := range d.policy.Logs {
			text = "log " + log.Key.String() + "\n" + text
		}
		if err := os.WriteFile(filepath.Join(dir, policyFile), []byte(text), 0o600); err != nil {
			return err
		}
		v, err := Verify(d.ctx, dir, o, Verifying{LogOnly: true}, nil)
		if err != nil {
			return err
		}
		if first := v.First(); first != nil {
			d.say("log", Fail, "%s at sequence %d: %s", "%s tại số thứ tự %d: %s", first.Code, first.Sequence, first.Detail).cure(
				"record nothing, keep a copy of the data directory, restore it from a backup", "đừng ghi thêm, giữ một bản sao thư mục dữ liệu, khôi phục từ bản sao lưu")
			return nil
		}
		d.say("log", Pass, "%d records, as the tree and %d signed checkpoints have them; settings as they must be", "%d bản ghi, khớp cây băm và %d điểm kiểm; đúng các thiết lập", v.Size, v.Checkpoints)
	}
	if d.o.Database != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, modelsFile)); err != nil {
		d.say("read_models", Pass, "there are none; the next command makes them", "chưa có; lệnh sau sẽ lập")
		return nil
	}
	l, err := Open(d.ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // a copy
	models, parked, err := l.Models(d.ctx)
	if checked, ok := l.store.(interface{ Check(context.Context) error }); ok && err == nil {
		err = checked.Check(d.ctx)
	}
	switch {
	case errors.Is(err, projections.ErrDamaged):
		return err
	case err != nil:
		d.say("read_models", Warn, "%v", "%v", err).cure("rollbook projections rebuild", "rollbook projections rebuild")
	case len(parked) > 0:
		d.say("read_models", Warn, "%d subjects wait because a record was not understood, the first since sequence %d", "%d đối tượng phải chờ vì có bản ghi không hiểu được, sớm nhất từ số thứ tự %d", len(parked), parked[0].Position).cure(
			"rollbook projections list says why; a newer version of the program may understand them", "rollbook projections list cho biết lý do; phiên bản mới có thể hiểu")
	case len(models) > 0 && models[0].Behind > 0:
		d.say("read_models", Pass, "%d records behind; the next command takes them in", "còn thiếu %d bản ghi; lệnh sau sẽ cập nhật", models[0].Behind)
	default:
		d.say("read_models", Pass, "current", "đã cập nhật")
	}
	return nil
}

// copyTo copies what is examined: nothing that signs, and no archive.
func (d *doctor) copyTo(dir string) error {
	tree := filepath.Join(dir, treeDirectory)
	if d.o.Tree != "" {
		if err := os.CopyFS(tree, os.DirFS(d.o.Tree)); err != nil {
			return err
		}
	}
	return filepath.WalkDir(d.dir, func(path string, f fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(d.dir, path)
		if err != nil {
			return err
		}
		top, _, _ := strings.Cut(name, string(filepath.Separator))
		switch {
		case name == ".":
			return nil
		case top == archiveDirectory, strings.HasPrefix(top, temporaryPrefix), top == treeDirectory && d.o.Tree != "":
			if f.IsDir() {
				return fs.SkipDir
			}
			return nil
		case f.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o700)
		case !f.Type().IsRegular(), top == keyFile, top == memoryFile, top == reportKeyFile, strings.HasPrefix(name, filepath.Join(logDirectory, "lock")):
			return nil
		}
		return copyFile(path, filepath.Join(dir, name))
	})
}

func sizeBelow(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, f fs.DirEntry, err error) error {
		if err == nil && f.Type().IsRegular() {
			if info, infoErr := f.Info(); infoErr == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

func discarded(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return logger
}
