package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
)

// output is standard output. The first error sticks and is reported when the
// program ends, so that a full disk does not pass for success.
type output struct {
	w          *bufio.Writer
	to         io.Writer // behind w
	err        error
	documented bool // a JSON document was begun; there must not be another
	terminal   bool // somebody looks at it
}

func newOutput(to io.Writer) *output {
	return &output{w: bufio.NewWriterSize(to, 64<<10), to: to, terminal: interactive(to)}
}

// file returns the file that output goes to, if it is one.
func (o *output) file() (*os.File, bool) {
	f, ok := o.to.(*os.File)
	return f, ok
}

func (o *output) Write(b []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(b)
	o.err = err
	return n, err
}

func (o *output) flush() error {
	if err := o.w.Flush(); o.err == nil {
		o.err = err
	}
	return o.err
}

func (o *output) line(s string)                     { _, _ = io.WriteString(o, s+"\n") } // the error sticks
func (o *output) printf(format string, args ...any) { _, _ = fmt.Fprintf(o, format, args...) }

// document writes the one JSON document of a command.
func (o *output) document(v any) {
	o.documented = true
	e := json.NewEncoder(o)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil && o.err == nil {
		o.err = err
	}
}

// console is standard error. While a progress bar stands on the last line, what
// is written clears that line first.
type console struct {
	mu  sync.Mutex
	w   io.Writer
	bar bool

	screen bool // somebody looks at it, wherever that is
}

func (c *console) terminal() bool { return c.screen || interactive(c.w) }

func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar {
		if _, err := io.WriteString(c.w, "\r\x1b[K"); err != nil {
			return 0, err
		}
	}
	return c.w.Write(b)
}

func (c *console) line(s string) { _, _ = io.WriteString(c, s+"\n") } // nowhere to report it

// show makes a text from outside, such as a file's name, safe to print: what a
// terminal would obey or hide is made visible.
func show(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '�'
	}, s)
}
