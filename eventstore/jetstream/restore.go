package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats-server/v2/server/archive"
	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
)

// Restore makes a log anew from its records: positions, times, subjects and
// headers are what they were, so whatever is proven of the first log is proven of
// this one. Only when the log was made is another moment.
//
// The server takes records with their sequence and time through its restore
// interface, in the form that it writes backups in. There must be no log yet; on
// servers of their own the login has to be one that may make streams. An error
// leaves none on such servers; an embedded log's directory is to be thrown away
// then. What it returns after is on the disk. last is the position of the last
// record.
func Restore(ctx context.Context, cfg Config, last eventstore.Position, records iter.Seq2[eventstore.Stored, error]) (err error) {
	cfg.Create = true
	embedded := cfg.URL == ""
	// One fsync at the end, and not one for each record: until then nothing rests
	// on these files.
	cfg.UnsafeSync = cfg.UnsafeSync || embedded
	if err := cfg.validate(); err != nil {
		return err
	}
	log := newLog(ctx, cfg)
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, log.Close())
		}
	}()
	had := false
	if embedded {
		had, err = log.embed(ctx, cfg, nil)
	} else {
		err = log.reach(ctx, cfg)
	}
	if err != nil {
		return err
	}
	if _, err := log.info(ctx); had || err == nil {
		return fmt.Errorf("%w: there is a log already", fs.ErrExist)
	} else if !isCode(err, codeStreamNotFound) {
		return fmt.Errorf("look for a log: %w", err)
	}
	if last == 0 {
		_, err = log.open(ctx, cfg, false)
	} else {
		err = log.restore(ctx, last, records)
	}
	if err != nil || !embedded {
		return err
	}
	closed = true
	if err := log.Close(); err != nil {
		return err
	}
	return syncTree(cfg.Dir)
}

// restore sends records to the server, which makes the stream of them.
func (l *Log) restore(ctx context.Context, last eventstore.Position, records iter.Seq2[eventstore.Stored, error]) (err error) {
	state := map[string]any{"first_seq": 1, "last_seq": last, "messages": last, "consumer_count": 0}
	request, err := json.Marshal(map[string]any{"config": l.pinned, "state": state})
	if err != nil {
		return err
	}
	var begun struct {
		Deliver string `json:"deliver_subject"`
	}
	// Once, whatever comes of it: a second call would find the first one's stream.
	if err := l.apiOnce(ctx, "STREAM.RESTORE."+l.log, request, &begun); err != nil {
		return fmt.Errorf("restore the log: %w", err)
	}
	defer func() {
		if err != nil {
			// It is ours, and half: there was none when the server agreed.
			var gone struct{}
			if deleteErr := l.apiOnce(context.WithoutCancel(ctx), "STREAM.DELETE."+l.log, nil, &gone); deleteErr != nil && !isCode(deleteErr, codeStreamNotFound) {
				err = errors.Join(err, fmt.Errorf("what was restored of stream %s has to be deleted: %w", l.log, deleteErr))
			}
		}
	}()
	chunks := &chunkWriter{log: l, ctx: ctx, subject: begun.Deliver}
	packed := s2.NewWriter(chunks, s2.WriterConcurrency(1))
	if err := writeBackup(archive.NewWriter(packed), state, last, records); err != nil {
		// The server waits for more; it is told that there is none, and refuses
		// what has no end.
		_, _ = chunks.send(nil)
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	answer, err := chunks.send(nil)
	if err != nil {
		return err
	}
	var made streamInfo
	if err := json.Unmarshal(answer, &made); err != nil {
		return fmt.Errorf("the server's answer to a restore: %w", err)
	}
	if made.State.LastSeq != uint64(last) {
		return fmt.Errorf("the server restored %d records of %d", made.State.LastSeq, last)
	}
	return checkSettings(l.pinned, made.Config, true)
}

// writeBackup writes what the server reads a stream from: its state, each message
// with sequence and time, and a mark that this is all.
func writeBackup(w *archive.Writer, state map[string]any, last eventstore.Position, records iter.Seq2[eventstore.Stored, error]) error {
	put := func(h archive.Header, parts ...[]byte) error {
		if err := w.WriteHeader(&h); err != nil {
			return err
		}
		for _, p := range parts {
			if _, err := w.Write(p); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if err := put(archive.Header{Name: "state.json", PayloadSize: int64(len(text))}, text); err != nil {
		return err
	}
	var at eventstore.Position
	var head []byte
	for s, err := range records {
		if err == nil && s.Position != at+1 {
			err = &eventstore.GapError{Want: at + 1, Got: s.Position}
		}
		if err != nil {
			return err
		}
		at, head = s.Position, appendHeader(head[:0], s.Headers)
		h := archive.Header{Name: s.Subject, Timestamp: s.Time.UnixNano(), Sequence: uint64(at), HeaderSize: int64(len(head)), PayloadSize: int64(len(s.Data))}
		if err := put(h, head, s.Data); err != nil {
			return err
		}
	}
	if at != last {
		return &eventstore.GapError{Want: at + 1}
	}
	if err := put(archive.Header{}); err != nil {
		return err
	}
	return w.Close()
}

// appendHeader appends headers as they are on the wire.
func appendHeader(b []byte, headers [][2]string) []byte {
	if len(headers) == 0 {
		return b
	}
	b = append(b, "NATS/1.0\r\n"...)
	for _, h := range headers {
		b = append(append(append(append(b, h[0]...), ": "...), h[1]...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// chunkWriter sends what is written to it, in pieces that a server takes. Each is
// answered before the next is sent.
type chunkWriter struct {
	log     *Log
	ctx     context.Context //nolint:containedctx // of one restore; io.Writer has none
	subject string
}

const chunkBytes = 256 << 10

func (w *chunkWriter) Write(b []byte) (n int, err error) {
	for n < len(b) {
		piece := b[n:min(n+chunkBytes, len(b))]
		if _, err := w.send(piece); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

// send sends a piece; an empty one is the end.
func (w *chunkWriter) send(piece []byte) ([]byte, error) {
	answer, err := w.log.request(w.ctx, &nats.Msg{Subject: w.subject, Data: piece})
	if err != nil {
		return nil, fmt.Errorf("restore the log: %w", err)
	}
	if len(answer.Data) == 0 {
		return nil, nil
	}
	var refused struct {
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &refused); err != nil {
		return nil, fmt.Errorf("the server's answer to a restore: %w", err)
	}
	if refused.Error != nil {
		return nil, fmt.Errorf("restore the log: %w", refused.Error)
	}
	return answer.Data, nil
}

// syncTree puts everything below a directory on the disk.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

var _ io.Writer = (*chunkWriter)(nil)
