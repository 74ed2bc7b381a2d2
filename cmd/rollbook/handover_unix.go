//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// streams are the input and the outputs of whoever handed an errand over.
type streams struct{ in, out, err *os.File }

func (s streams) close() {
	for _, f := range []*os.File{s.in, s.out, s.err} {
		_ = f.Close() // a copy: what was written is written
	}
}

func dialErrands(ctx context.Context, path string) (errandConn, error) {
	if len(path) > longestSocket {
		return nil, errNoErrands
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// sendErrand sends an errand together with the program's standard streams
// (SCM_RIGHTS of unix(7)), so that the service writes straight to the terminal or
// file that they are. Standard input goes through a pipe, and only if the command
// reads it: the rest of it belongs to the program behind this one.
func (a *app) sendErrand(to errandConn, line []byte, reads bool) (stop func(), err error) {
	out, ok := a.out.file()
	console, also := a.console.w.(*os.File)
	if !ok || !also {
		return nil, errNoErrands // only in tests that catch the output in memory
	}
	in, stop, err := a.input(reads)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // the other side has its own
	conn := to.(*net.UnixConn)
	rights := syscall.UnixRights(int(in.Fd()), int(out.Fd()), int(console.Fd()))
	n, _, err := conn.WriteMsgUnix(line, rights, nil)
	if err == nil && n < len(line) {
		_, err = conn.Write(line[n:])
	}
	if err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// input returns what an errand reads as its standard input.
func (a *app) input(reads bool) (*os.File, func(), error) {
	if !reads {
		f, err := os.Open(os.DevNull)
		return f, func() {}, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	go func() {
		_, _ = io.Copy(w, a.stdin) // who reads it sees where it ends
		_ = w.Close()
	}()
	return r, func() { _ = w.Close() }, nil
}

// receiveErrand reads an errand and the streams that came with it.
func receiveErrand(from errandConn) (line []byte, s streams, err error) {
	conn, ok := from.(*net.UnixConn)
	if !ok {
		return nil, s, errNoErrands
	}
	var files []*os.File
	defer func() {
		if err != nil {
			for _, f := range files {
				_ = f.Close()
			}
		}
	}()
	buf, rights := make([]byte, 64<<10), make([]byte, syscall.CmsgSpace(3*4))
	for !bytes.HasSuffix(line, []byte("\n")) {
		n, oobn, _, _, err := conn.ReadMsgUnix(buf, rights)
		if err != nil {
			return nil, s, err
		}
		more, err := rightsIn(rights[:oobn])
		files = append(files, more...)
		line = append(line, buf[:n]...)
		switch {
		case err != nil:
			return nil, s, err
		case n == 0:
			return nil, s, io.ErrUnexpectedEOF
		case len(line) > maxErrand:
			return nil, s, errors.New("it is too long")
		}
	}
	if len(files) != 3 {
		return nil, s, fmt.Errorf("it came with %d files, and not with 3", len(files))
	}
	return line, streams{files[0], files[1], files[2]}, nil
}

func rightsIn(oob []byte) ([]*os.File, error) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			return files, err
		}
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "of the caller"))
		}
	}
	return files, nil
}
