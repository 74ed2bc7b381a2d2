//go:build unix && !linux

package pgtest

import "syscall"

func attributes(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

func hold() {}

// kill ends a process and its group at once.
func kill(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
