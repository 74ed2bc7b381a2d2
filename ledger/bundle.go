package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/eventstore"
)

// How often the member index is recorded in a log that grows.
const (
	indexEvery    = 10_000 // records
	indexInterval = 24 * time.Hour
)

// indexer follows the log with the member index. Reading a whole log takes
// seconds, so it is kept.
type indexer struct {
	mu    sync.Mutex
	roots audit.IndexRoots
}

// ErrNotAMember means that something else than a member has no bundle.
var ErrNotAMember = errors.New("only a member has a bundle")

// Bundle makes the proof of a member's whole history, or that there is none: a
// file that is verified offline ([audit.CheckBundle]). What is sealed stays
// sealed. If the newest index in the log does not have the member's last record,
// it records another one; then it has everything signed.
func (l *Ledger) Bundle(ctx context.Context, member domain.Subject) ([]byte, error) {
	if member.Kind() != domain.MemberKind {
		return nil, fmt.Errorf("%w: %s", ErrNotAMember, member)
	}
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	if err := l.readIndex(ctx); err != nil {
		return nil, err
	}
	history, err := l.log.Load(ctx, string(member), 0)
	if err != nil {
		return nil, err
	}
	covered := eventstore.Position(0)
	if root, is, err := audit.IndexRootOf(l.index.roots.Newest()); is && err == nil {
		covered = eventstore.Position(root.Size)
	}
	behind := eventstore.Position(l.index.roots.Index().Records()) - covered
	if covered == 0 || behind > audit.IndexWindow || len(history) > 0 && history[len(history)-1].Position > covered {
		if err := l.recordIndex(ctx); err != nil {
			return nil, err
		}
	}
	signed, err := l.signedNow(ctx)
	if err != nil {
		return nil, err
	}
	return l.bundle(ctx, member, signed)
}

func (l *Ledger) bundle(ctx context.Context, member domain.Subject, signed Signed) ([]byte, error) {
	record := l.index.roots.Newest()
	root, _, err := audit.IndexRootOf(record)
	if err != nil {
		return nil, err
	}
	tree, err := l.index.roots.Index().At(root.Size)
	if err != nil {
		return nil, err
	}
	source := audit.BundleSource{
		Tiles: l.anchor.tree.Tiles(), Signed: signed.SignedCheckpoint, Member: member.ID(), IndexRecord: record, Index: tree,
	}
	history, err := l.log.Load(ctx, string(member), 0)
	if err != nil {
		return nil, err
	}
	for _, rec := range history {
		if uint64(rec.Position) > signed.Size {
			break // it came meanwhile
		}
		for stored, err := range l.anchor.log.ReplayStored(ctx, rec.Position-1, rec.Position) {
			if err != nil {
				return nil, err
			}
			source.Records = append(source.Records, stored)
		}
	}
	b, err := source.Bundle()
	if err != nil {
		return nil, err
	}
	return b.Marshal()
}

// readIndex brings the index up to the end of the log. The caller has the lock.
func (l *Ledger) readIndex(ctx context.Context) error {
	last, err := l.log.Last(ctx)
	if err != nil {
		return err
	}
	return l.index.roots.Read(ctx, l.anchor.log, last)
}

// recordIndex records the root of the index as it is now. The caller has the lock.
func (l *Ledger) recordIndex(ctx context.Context) error {
	if err := l.anchor.mayAppend(); err != nil {
		return err
	}
	root := l.index.roots.Index()
	tree, err := root.At(root.Records())
	if err != nil {
		return err
	}
	head := eventstore.Head{}
	records, err := l.log.Load(ctx, audit.IndexRootStream, 0)
	if err != nil {
		return err
	}
	if n := len(records); n > 0 {
		head = records[n-1].Head()
	}
	if _, err := l.append(ctx, eventstore.Write{Stream: audit.IndexRootStream, Expected: head, Records: []eventstore.Record{{
		ID: fmt.Sprintf("index-%d", root.Records()), Type: audit.IndexRootType, Schema: "urn:rollbook:" + audit.IndexRootType + ":1", Data: tree.IndexRoot().Marshal(),
	}}}); err != nil {
		return fmt.Errorf("record the member index: %w", err)
	}
	return l.readIndex(ctx)
}

// indexIfDue records the member index when the log has grown by many records or a
// day is over since it was.
func (l *Ledger) indexIfDue(ctx context.Context) error {
	last, err := l.log.Last(ctx)
	if err != nil || last == 0 {
		return err
	}
	records, err := l.log.Load(ctx, audit.IndexRootStream, 0)
	if err != nil {
		return err
	}
	newest := eventstore.Record{}
	if n := len(records); n > 0 {
		newest = records[n-1]
	}
	grown := last - newest.Position
	if grown < indexEvery && (grown == 0 || newest.Position == 0 || time.Since(newest.Time) < indexInterval) {
		return nil
	}
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	if err := l.readIndex(ctx); err != nil {
		return err
	}
	return l.recordIndex(ctx)
}
