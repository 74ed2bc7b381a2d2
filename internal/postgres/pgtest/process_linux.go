package pgtest

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// attributes makes a process run as somebody, and end when the test binary
// does, however that ends: SIGQUIT is PostgreSQL's immediate shutdown.
func attributes(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// hold keeps the thread that starts the server: the kernel takes the death of
// that thread for the death of the parent.
func hold() { runtime.LockOSThread() }

const prSetChildSubreaper = 36

// kill ends a process and its children at once, and waits for the children,
// which would be init's to wait for.
func kill(pid int) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
	// The parent stops first, so that it starts no more.
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	children := childrenOf(pid)
	for _, p := range append(children, pid) {
		_ = syscall.Kill(p, syscall.SIGKILL)
	}
	for _, p := range children {
		for {
			var status syscall.WaitStatus
			_, err := syscall.Wait4(p, &status, 0, nil)
			if err != syscall.EINTR && (err != syscall.ECHILD || !exists(p)) {
				break
			}
			runtime.Gosched() // it is not ours yet: its parent is about to die
		}
	}
}

func exists(pid int) bool { return syscall.Kill(pid, 0) == nil }

func childrenOf(pid int) (children []int) {
	tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, task := range tasks {
		b, _ := os.ReadFile(task)
		for f := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(f); err == nil {
				children = append(children, n)
			}
		}
	}
	return children
}
