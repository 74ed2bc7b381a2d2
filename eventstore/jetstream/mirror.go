package jetstream

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"rollbook/eventstore"
)

// ErrNotMirror means that a stream is no mirror of a log. One that takes messages
// from sources gives them positions and times of its own, so that nothing in it can
// be compared with what was signed; and one that is neither may be written to.
var ErrNotMirror = errors.New("the stream is not a mirror")

// Mirror is a copy of a log that NATS servers keep, whoever runs them. It is only
// read, and set up as its owner likes: what it holds is to be compared with what was
// signed, so that its settings vouch for nothing. Its methods may be called at the
// same time.
type Mirror struct{ log *Log }

// OpenMirror connects to the servers of cfg.URL, on which cfg.Name is a mirror. It
// fails as [Open] does, and with [ErrNotMirror]; a stream that is not there is
// [fs.ErrNotExist].
func OpenMirror(ctx context.Context, cfg Config) (_ *Mirror, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.URL == "" {
		return nil, errors.New("a mirror is on servers: their URL is missing")
	}
	log := newLog(ctx, cfg)
	defer func() {
		if err != nil {
			err = errors.Join(err, log.Close())
		}
	}()
	if err := log.reach(ctx, cfg); err != nil {
		return nil, err
	}
	info, err := log.info(ctx)
	switch {
	case isCode(err, codeStreamNotFound):
		return nil, fmt.Errorf("the servers have no stream %s: %w", cfg.Name, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("find the mirror: %w", err)
	case plain("sources", info.Config["sources"]) != nil:
		return nil, fmt.Errorf("%w: %s takes messages from sources, which gives them other positions and times", ErrNotMirror, cfg.Name)
	case plain("mirror", info.Config["mirror"]) == nil:
		return nil, fmt.Errorf("%w: %s is a stream of its own, which may be written to", ErrNotMirror, cfg.Name)
	}
	if n, ok := info.Config["num_replicas"].(float64); ok {
		log.replicas = int(n)
	}
	return &Mirror{log}, nil
}

// ReplayStored is that of [Log].
func (m *Mirror) ReplayStored(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return m.log.ReplayStored(ctx, after, to)
}

// Shape is that of [Log]: Created is when the mirror was made, not the log.
func (m *Mirror) Shape(ctx context.Context) (eventstore.Shape, error) { return m.log.Shape(ctx) }

// Last returns the position of the last record that has come.
func (m *Mirror) Last(ctx context.Context) (eventstore.Position, error) { return m.log.Last(ctx) }

// Close ends the connection.
func (m *Mirror) Close() error { return m.log.Close() }
