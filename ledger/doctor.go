package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/eventstore/archive"
	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/vault"
	keyring "rollbook/eventstore/vault/sqlite"
	pg "rollbook/internal/postgres"
)

// Status is how grave a finding is.
type Status string

// A warning is to be looked into; a failure keeps the ledger from what it promises.
const (
	Pass Status = "PASS"
	Warn Status = "WARN"
	Fail Status = "FAIL"
)

// Finding is what a doctor says of one thing.
type Finding struct {
	// Check is the name of what was looked at, stable for programs.
	Check  string
	Status Status
	// Detail says what was seen, Cure what to do; a pass has none.
	Detail, Cure domain.Text
}

// Examining says what a doctor is to look at.
type Examining struct {
	Options
	// Backup is the directory of a backup; "" for none.
	Backup string
	// Now is the moment that ages are counted to.
	Now time.Time
}

// Bounds of what a doctor finds healthy.
const (
	roomToFail    = 64 << 20  // below it the log refuses appends
	roomToWarn    = 1 << 30   //
	filesToWarn   = 1024      // open at once
	staleAfter    = time.Hour // records that nobody has signed
	backupAge     = 36 * time.Hour
	mostToCopy    = 512 << 20 // of a log that is examined in a copy
	clockAhead    = time.Minute
	earliestClock = 2025
)

// Examine looks at a ledger, and at what it stands on, without changing anything:
// the log is opened in a copy, since a server that starts on damaged files may cut
// them. What another process uses is looked at as far as that allows.
func Examine(ctx context.Context, dir string, o Examining) []Finding {
	d := &doctor{ctx: ctx, dir: dir, o: o}
	d.machine()
	if !d.directory() {
		return d.found
	}
	d.roles()
	d.secrets()
	d.masterKey()
	d.tree()
	d.checkpoints()
	d.archive()
	d.database()
	d.servers()
	d.log()
	d.backup()
	return d.found
}

// doctor is an examination at work.
type doctor struct {
	ctx    context.Context //nolint:containedctx // of one examination, in many small steps
	dir    string
	o      Examining
	id     identity
	policy *audit.Policy
	tiles  *audit.Tiles
	found  []Finding
}

func (d *doctor) say(check string, status Status, en, vi string, args ...any) *Finding {
	d.found = append(d.found, Finding{Check: check, Status: status, Detail: domain.Text{EN: fmt.Sprintf(en, args...), VI: fmt.Sprintf(vi, args...)}})
	return &d.found[len(d.found)-1]
}

func (f *Finding) cure(en, vi string) { f.Cure = domain.Text{EN: en, VI: vi} }

// trouble is a finding that is an error.
func (d *doctor) trouble(check string, err error, en, vi string) {
	d.say(check, Fail, "%v", "%v", err).cure(en, vi)
}

func (d *doctor) path(name string) string { return filepath.Join(d.dir, name) }

// machine looks at the process and its machine.
func (d *doctor) machine() {
	if limit := openFiles(); limit > 0 && limit < filesToWarn {
		d.say("file_limit", Warn, "%d files may be open at once", "được mở cùng lúc %d tệp", limit).cure(
			"raise it to 4096 or more: LimitNOFILE= in the systemd unit, or ulimit -n", "nâng lên ít nhất 4096: LimitNOFILE= trong đơn vị systemd, hoặc ulimit -n")
	} else {
		d.say("file_limit", Pass, "%d files may be open at once", "được mở cùng lúc %d tệp", limit)
	}
	if limit := debug.SetMemoryLimit(-1); limit == math.MaxInt64 {
		d.say("memory_limit", Warn, "there is no memory limit, and reading the whole log fills gigabytes", "không có giới hạn bộ nhớ, đọc cả nhật ký sẽ chiếm hàng GB").cure(
			"set GOMEMLIMIT, such as GOMEMLIMIT=768MiB", "đặt GOMEMLIMIT, ví dụ GOMEMLIMIT=768MiB")
	} else {
		d.say("memory_limit", Pass, "the garbage collector works towards %d MiB (GOMEMLIMIT)", "bộ nhớ được giữ quanh %d MiB (GOMEMLIMIT)", limit>>20)
	}
	switch {
	case d.o.Now.Year() < earliestClock:
		d.say("clock", Fail, "the clock says %s", "đồng hồ chỉ %s", d.o.Now.Format(time.RFC3339)).cure("set the clock, and keep it with an NTP client", "chỉnh đồng hồ và giữ đúng bằng NTP")
	case newestIn(d.dir).After(d.o.Now.Add(clockAhead)):
		d.say("clock", Fail, "files of the ledger were written at %s, and the clock says %s", "có tệp của sổ ghi lúc %s, trong khi đồng hồ chỉ %s",
			newestIn(d.dir).UTC().Format(time.RFC3339), d.o.Now.UTC().Format(time.RFC3339)).cure("set the clock, and keep it with an NTP client", "chỉnh đồng hồ và giữ đúng bằng NTP")
	default:
		d.say("clock", Pass, "%s", "%s", d.o.Now.UTC().Format(time.RFC3339))
	}
}

// newestIn returns when something in a directory was last written.
func newestIn(dir string) (newest time.Time) {
	found, _ := os.ReadDir(dir) // nothing is there then
	for _, f := range found {
		if info, err := f.Info(); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}

// directory looks at the data directory, and reports whether there is a ledger.
func (d *doctor) directory() bool {
	id, err := readIdentity(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, statErr := os.Stat(d.path(logDirectory)); statErr == nil {
			err = fmt.Errorf("%w: %s", ErrIdentity, d.dir)
			d.trouble("directory", err, "restore ledger.json from a backup", "khôi phục ledger.json từ bản sao lưu")
		} else {
			d.say("directory", Fail, "there is no ledger in %s", "không có sổ nào ở %s", d.dir).cure("name the directory with --data", "chỉ thư mục bằng --data")
		}
		return false
	}
	if err != nil {
		d.trouble("directory", err, "restore ledger.json from a backup", "khôi phục ledger.json từ bản sao lưu")
		return false
	}
	d.id = id
	if _, err := os.Stat(d.path(stagingDirectory)); err == nil {
		d.say("directory", Fail, "a restore into %s was not finished", "việc khôi phục vào %s chưa xong", d.dir).cure("give the rollbook restore command again", "chạy lại lệnh rollbook restore")
	} else {
		d.say("directory", Pass, "ledger %q in %s", "sổ %q ở %s", id.Name, d.dir)
	}
	free, err := jetstream.Free(d.dir)
	switch {
	case err != nil:
		d.say("disk", Warn, "the free room is not known: %v", "không rõ chỗ trống: %v", err).cure("look with df", "xem bằng df")
	case free < roomToFail:
		d.say("disk", Fail, "%d MiB are free, and the log takes nothing below %d", "còn %d MiB, dưới %d thì nhật ký không nhận thêm", free>>20, roomToFail>>20).cure("make room; appends go on by themselves", "giải phóng chỗ trống; việc ghi tự tiếp tục")
	case free < roomToWarn:
		d.say("disk", Warn, "%d MiB are free", "còn %d MiB", free>>20).cure("make room before the log refuses appends", "giải phóng chỗ trống trước khi nhật ký ngừng nhận")
	default:
		d.say("disk", Pass, "%d MiB are free", "còn %d MiB", free>>20)
	}
	return true
}

// roles looks whether an instance can do its part of the work.
func (d *doctor) roles() {
	lack := d.o.Lacks()
	if _, err := os.Stat(cmp.Or(d.o.Signing.Policy, d.path(policyFile))); err != nil && !d.o.Roles.Has(RoleAuditor) && lack == (domain.Text{}) {
		d.say("roles", Fail, "%s: there is no policy here, so what the auditor signs cannot be checked: %v", "%s: không có tệp policy nên không kiểm được những gì auditor ký: %v", d.o.Roles, err).cure(
			"in the data directory of the auditor: rollbook checkpoint policy; save it as policy here, or name it with --policy", "trong thư mục dữ liệu của auditor: rollbook checkpoint policy; lưu thành tệp policy ở đây, hoặc chỉ bằng --policy")
		return
	}
	if lack != (domain.Text{}) {
		d.found = append(d.found, Finding{Check: "roles", Status: Fail, Detail: lack})
		d.found[len(d.found)-1].cure("name them, or leave out --role (ROLLBOOK_ROLE)", "ghi đủ, hoặc bỏ --role (ROLLBOOK_ROLE)")
		return
	}
	d.say("roles", Pass, "a service here does: %s", "dịch vụ ở đây làm: %s", d.o.Roles)
}

// secrets looks who can read what opens or signs.
func (d *doctor) secrets() {
	key, memory, _ := d.o.signingFiles(d.dir)
	wrong := false
	for _, path := range []string{cmp.Or(d.o.MasterKey, d.path(masterFile)), key, memory, d.path(reportKeyFile), d.path(keysFile), d.path(identityFile), d.path(accessFile)} {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			wrong = true
			d.say("permissions", Fail, "%s can be read by others (mode %04o)", "người khác đọc được %s (quyền %04o)", path, info.Mode().Perm()).cure(
				"chmod 600 "+path+", and consider who has read it", "chmod 600 "+path+", và xem ai đã có thể đọc")
		}
	}
	if !wrong {
		d.say("permissions", Pass, "keys are their owner's only", "chỉ chủ sở hữu đọc được các khoá")
	}
}

// masterKey looks at the keyring and the key that it is wrapped under.
func (d *doctor) masterKey() {
	path := cmp.Or(d.o.MasterKey, d.path(masterFile))
	master, err := vault.ReadMaster(path)
	if errors.Is(err, fs.ErrNotExist) && !d.o.Roles.Has(RoleAPI) && !d.o.Roles.Has(RoleProjector) {
		d.say("master_key", Pass, "there is none, and %s needs none", "không có, và %s không cần", d.o.Roles)
	} else if err != nil {
		d.trouble("master_key", fmt.Errorf("without the master key names stay closed and nothing can be recorded: %w", err), "restore the master key from its own copy, or name it with --master-key", "khôi phục khoá chính từ bản giữ riêng, hoặc chỉ bằng --master-key")
	} else if inside, relErr := filepath.Rel(d.dir, path); relErr == nil && filepath.IsLocal(inside) {
		d.say("master_key", Warn, "the master key lies in the data directory, so a copy of that opens everything", "khoá chính nằm trong thư mục dữ liệu, ai chép thư mục là mở được tất cả").cure(
			"move it elsewhere, name it with --master-key, and keep a copy apart", "chuyển đi nơi khác, chỉ bằng --master-key, và giữ một bản riêng")
	} else {
		d.say("master_key", Pass, "%s is outside the data directory", "%s nằm ngoài thư mục dữ liệu", master.ID())
	}
	if _, statErr := os.Stat(d.path(keysFile)); statErr != nil && d.o.Database != "" {
		return // it is in the database
	}
	origin, kek, keys, lookErr := keyring.Look(d.ctx, d.path(keysFile))
	switch {
	case lookErr != nil:
		d.trouble("keyring", fmt.Errorf("the keyring cannot be read: %w", lookErr), "restore the latest keys.db from its backup, or name the database that has the keys with --database", "khôi phục keys.db mới nhất từ bản sao lưu, hoặc chỉ cơ sở dữ liệu giữ khoá bằng --database")
	case origin != d.id.origin():
		d.say("keyring", Fail, "keys.db belongs to another ledger", "keys.db là của sổ khác").cure("restore that of this ledger from a backup", "khôi phục đúng tệp của sổ này từ bản sao lưu")
	case err == nil && kek != master.ID():
		d.say("keyring", Fail, "the keys are wrapped under %s, and the master key is %s", "khoá được bọc bằng %s, còn khoá chính là %s", kek, master.ID()).cure("name the right file with --master-key", "chỉ đúng tệp bằng --master-key")
	default:
		d.say("keyring", Pass, "%d keys, wrapped under %s", "%d khoá, bọc bằng %s", keys, kek)
	}
}

// tree looks at the tree that the log is compared with.
func (d *doctor) tree() {
	path := cmp.Or(d.o.Tree, d.path(treeDirectory))
	if begun, err := audit.Begun(path); err == nil && !begun && !d.o.Roles.Has(RoleAuditor) {
		d.say("tree", Warn, "there is none yet", "chưa có").cure("start the service, which makes it from the log and compares it with what the auditor has signed", "khởi động dịch vụ: nó lập cây từ nhật ký và so với những gì auditor đã ký")
		return
	}
	tiles, _, err := audit.ReadTiles(path)
	if err == nil {
		err = tiles.Check()
	}
	if err != nil {
		d.trouble("tree", fmt.Errorf("the tree of the log: %w", err), "restore it from a backup or, if the log is certainly whole, rollbook anchor rebuild", "khôi phục từ bản sao lưu, hoặc nếu chắc chắn nhật ký còn nguyên: rollbook anchor rebuild")
		return
	}
	if at := tiles.Checkpoint(); at.Origin != d.id.origin() {
		d.say("tree", Fail, "the tree in %s is that of another ledger", "cây băm ở %s là của sổ khác", path).cure("name the right one with --tree", "chỉ đúng thư mục bằng --tree")
		return
	}
	d.tiles = tiles
	d.say("tree", Pass, "%d records are vouched for", "%d bản ghi đã được xác nhận", tiles.Checkpoint().Size)
}

// checkpoints looks at what was signed, here and elsewhere.
func (d *doctor) checkpoints() {
	key, memory, history := d.o.signingFiles(d.dir)
	policy, err := policyOf(key, d.o.Options)
	if err != nil {
		d.say("checkpoints", Warn, "%v", "%v", err).cure("restore log.key from its own copy, or name a policy with --policy", "khôi phục log.key từ bản giữ riêng, hoặc chỉ chính sách bằng --policy")
		return
	}
	d.policy = policy
	newest, err := history.Newest(policy, d.o.Now)
	if err != nil {
		d.trouble("checkpoints", err, "see rollbook verify; restore the file from a backup or an anchor", "xem rollbook verify; khôi phục tệp từ bản sao lưu hoặc nơi neo")
		return
	}
	switch {
	case newest == nil && !d.o.Roles.Has(RoleAuditor):
		d.say("checkpoints", Warn, "nothing is heard from the auditor yet", "chưa nhận được mốc nào của auditor").cure("start both; see the finding anchors", "khởi động cả hai; xem mục anchors")
	case newest == nil:
		d.say("checkpoints", Warn, "nothing is signed yet", "chưa ký gì").cure("rollbook checkpoint sign", "rollbook checkpoint sign")
	case d.tiles != nil && d.beyond(newest.Checkpoint):
		d.say("checkpoints", Fail, "CHECKPOINT_ROLLBACK: %d records were signed, and the tree has others or less", "CHECKPOINT_ROLLBACK: đã ký %d bản ghi, cây băm lại khác hoặc ít hơn", newest.Size).cure("record nothing, keep a copy, restore from a backup", "đừng ghi thêm, giữ một bản sao, khôi phục từ bản sao lưu")
	case d.tiles != nil && newest.Size < d.tiles.Checkpoint().Size && d.o.Now.Sub(modified(history.Path())) > staleAfter:
		d.say("checkpoints", Warn, "%d of %d records are signed, the last since %s", "đã ký %d trên %d bản ghi, lần cuối %s", newest.Size, d.tiles.Checkpoint().Size, modified(history.Path()).UTC().Format(time.RFC3339)).cure("rollbook checkpoint sign says why", "rollbook checkpoint sign cho biết lý do")
	default:
		d.say("checkpoints", Pass, "signed up to %d", "đã ký đến %d", newest.Size)
	}
	if !d.o.Roles.Has(RoleAuditor) {
		d.say("signer", Pass, "the instance with the role auditor signs", "tiến trình mang vai trò auditor ký")
	} else if _, err := os.Stat(memory); err != nil && newest != nil && d.o.Signing.Signer == "" {
		d.say("signer", Warn, "the memory of what was signed is gone, so nothing is signed", "mất bộ nhớ của những gì đã ký nên không ký thêm").cure("see rollbook help checkpoint restart", "xem rollbook help checkpoint restart")
	}
	if policy.Unwitnessed() {
		d.say("witnesses", Warn, "unwitnessed: nobody but the owner of the log signs", "chưa có bên làm chứng: chỉ chủ sổ ký").cure("let another organisation run rollbook witness, and name it in --policy", "nhờ tổ chức khác chạy rollbook witness và đưa vào --policy")
	} else {
		d.say("witnesses", Pass, "a policy names witnesses", "có chính sách nêu bên làm chứng")
	}
	d.anchors(policy, newest)
}

// beyond reports whether the tree does not go on from a checkpoint.
func (d *doctor) beyond(c audit.Checkpoint) bool {
	at, err := d.tiles.At(c.Size)
	return err != nil || at.Root != c.Root
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (d *doctor) anchors(policy *audit.Policy, newest *audit.SignedCheckpoint) {
	if len(d.o.Signing.Anchors) == 0 {
		d.say("anchors", Warn, "checkpoints are kept on this machine only", "các điểm kiểm chỉ được giữ trên máy này").cure("name a file on another disk or in a shared folder with --anchor", "chỉ một tệp ở đĩa khác hoặc thư mục chung bằng --anchor")
		return
	}
	for _, path := range d.o.Signing.Anchors {
		have, err := audit.OpenHistory(path).Newest(policy, d.o.Now)
		switch {
		case err != nil:
			d.trouble("anchors", err, "look whether the disk is there and the file is what was written", "xem đĩa có còn và tệp có đúng không")
		case have == nil:
			d.say("anchors", Warn, "%s holds nothing", "%s chưa có gì", path).cure("look whether the disk is mounted; then rollbook checkpoint sign", "xem đĩa đã gắn chưa; rồi rollbook checkpoint sign")
		case !d.o.Roles.Has(RoleAuditor) && d.tiles != nil && have.Size > d.tiles.Checkpoint().Size:
			d.say("anchors", Pass, "%s is at %d, and the tree here at %d: a service compares them when it starts", "%s đến %d, cây băm ở đây đến %d: dịch vụ sẽ so sánh khi khởi động", path, have.Size, d.tiles.Checkpoint().Size)
		case d.tiles != nil && d.beyond(have.Checkpoint):
			d.say("anchors", Fail, "CHECKPOINT_ROLLBACK: %s knows of %d records, and the tree has others or less", "CHECKPOINT_ROLLBACK: %s biết %d bản ghi, cây băm lại khác hoặc ít hơn", path, have.Size).cure("record nothing, keep a copy, restore from a backup", "đừng ghi thêm, giữ một bản sao, khôi phục từ bản sao lưu")
		case newest != nil && have.Size < newest.Size:
			d.say("anchors", Warn, "%s is at %d, and %d are signed", "%s mới đến %d, đã ký %d", path, have.Size, newest.Size).cure("look whether it can be written; the next checkpoint goes there too", "xem có ghi được không; điểm kiểm sau cũng ghi vào đó")
		default:
			d.say("anchors", Pass, "%s is at %d", "%s đến %d", path, have.Size)
		}
	}
}

// archive looks at the copy of the log in plain files.
func (d *doctor) archive() {
	a, err := archive.OpenReader(d.path(archiveDirectory))
	if errors.Is(err, archive.ErrNone) || errors.Is(err, fs.ErrNotExist) {
		d.say("archive", Pass, "there is none; rollbook archive makes one", "chưa có; rollbook archive sẽ lập")
		return
	}
	var damage []*archive.DamageError
	if err == nil {
		damage, err = a.Verify(d.ctx)
	}
	if err == nil && len(damage) > 0 {
		err = damage[0]
	}
	if err != nil {
		d.say("archive", Warn, "%v", "%v", err).cure("rollbook archive writes it again from the log", "rollbook archive ghi lại từ nhật ký")
		return
	}
	last, err := a.Last()
	if err != nil {
		d.say("archive", Warn, "%v", "%v", err).cure("rollbook archive", "rollbook archive")
		return
	}
	d.say("archive", Pass, "whole up to %d", "nguyên vẹn đến %d", last)
}

// database looks whether the database can be reached.
func (d *doctor) database() {
	if d.o.Database == "" {
		return
	}
	if err := reach(d.ctx, d.o.Options); err != nil {
		if errors.Is(err, pg.ErrURL) {
			err = pg.ErrURL // not its words, which may repeat the address
		}
		d.trouble("database", err, "look at --database, PGPASSWORD and the server; then give the command again", "xem --database, PGPASSWORD và máy chủ; rồi chạy lại")
		return
	}
	d.say("database", Pass, "PostgreSQL lets us in", "PostgreSQL cho kết nối")
}

// servers looks at a log that is on servers of its own.
func (d *doctor) servers() {
	if d.o.Servers.URL == "" {
		return
	}
	log, err := jetstream.Open(d.ctx, d.o.logConfig(d.dir, discarded(d.o.Logger)))
	if err != nil {
		d.trouble("log", err, "look at --nats, --nkey and the servers; deploy/nats has their configuration", "xem --nats, --nkey và máy chủ; cấu hình ở deploy/nats")
		return
	}
	defer func() { _ = log.Close() }() // only read
	last, err := log.Last(d.ctx)
	if err == nil {
		err = log.Health(d.ctx)
	}
	switch {
	case err != nil:
		d.trouble("log", err, "see the servers' own log; a server that cannot write needs a restart", "xem nhật ký của máy chủ; máy chủ không ghi được thì phải khởi động lại")
	case d.tiles != nil && uint64(last) < d.tiles.Checkpoint().Size:
		d.say("log", Fail, "TAIL_MISSING: the log ends at %d, and %d records are vouched for", "TAIL_MISSING: nhật ký kết thúc ở %d, trong khi %d bản ghi đã được xác nhận", last, d.tiles.Checkpoint().Size).cure("record nothing; restore the log from a backup", "đừng ghi thêm; khôi phục nhật ký từ bản sao lưu")
	default:
		d.say("log", Pass, "its servers store up to %d, with the settings that they must have", "máy chủ giữ đến %d, đúng các thiết lập phải có", last)
	}
}

// backup looks at a backup of the ledger.
func (d *doctor) backup() {
	if d.o.Backup == "" {
		return
	}
	m, err := readManifest(d.o.Backup)
	if err != nil {
		d.trouble("backup", err, "rollbook backup "+d.o.Backup, "rollbook backup "+d.o.Backup)
		return
	}
	states, _ := filepath.Glob(filepath.Join(d.o.Backup, "*", memoryFile))
	here, _ := filepath.Glob(filepath.Join(d.o.Backup, memoryFile))
	switch age := d.o.Now.Sub(m.Taken); {
	case m.Origin != d.id.origin():
		d.say("backup", Fail, "%s has the backup of another ledger", "%s là bản sao của sổ khác", d.o.Backup).cure("name the right directory with --backup", "chỉ đúng thư mục bằng --backup")
	case len(states)+len(here) > 0:
		d.say("backup", Fail, "%s is in the backup: whoever restores both forgets what was signed", "%s nằm trong bản sao: khôi phục cả hai là quên những gì đã ký", append(states, here...)[0]).cure("delete it there", "xoá nó ở đó")
	case slices.Contains(m.Secrets, masterFile):
		d.say("backup", Warn, "the master key is in the backup, which opens everything", "khoá chính nằm trong bản sao, mở được tất cả").cure("make backups without --with-master-key, and keep the key apart", "sao lưu không dùng --with-master-key, giữ khoá riêng")
	case age > backupAge:
		d.say("backup", Warn, "the backup is of %s", "bản sao lưu từ %s", m.Taken.Format(time.RFC3339)).cure("rollbook backup "+d.o.Backup+", every night", "rollbook backup "+d.o.Backup+", mỗi đêm")
	default:
		d.say("backup", Pass, "of %s, %d records", "lúc %s, %d bản ghi", m.Taken.Format(time.RFC3339), m.Position)
	}
}

// held reports who has the log's directory, "" if nobody.
func held(dir string) string {
	path := filepath.Join(dir, "lock")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	if ok, err := lock.TryRLock(); err == nil && ok {
		_ = lock.Unlock()
		return ""
	}
	pid, _ := os.ReadFile(path + ".pid")
	return cmp.Or(strings.TrimSpace(string(pid)), "?")
}
