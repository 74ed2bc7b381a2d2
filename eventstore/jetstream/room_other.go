//go:build !unix

package jetstream

import "errors"

// freeBytes is not known here; the disk is not watched then.
func freeBytes(string) (uint64, error) { return 0, errors.ErrUnsupported }
