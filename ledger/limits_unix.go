//go:build unix

package ledger

import "syscall"

// openFiles returns how many files this process may have open at once.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // the types differ between systems
}
