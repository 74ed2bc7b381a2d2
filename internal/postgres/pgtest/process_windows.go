package pgtest

import (
	"os"
	"syscall"
)

func attributes(*account) *syscall.SysProcAttr { return nil }

func hold() {}

// kill ends the server; its processes follow when they notice.
func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
