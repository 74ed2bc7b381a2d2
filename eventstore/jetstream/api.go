package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
)

// Error codes of the server that this package tells apart (2.15.2).
const (
	codeClusterNotReady  = 10004
	codeNoMetaLeader     = 10008 // the cluster, or the stream, has no leader now
	codeNotLeader        = 10009
	codeNoMessage        = 10037
	codeStreamNotFound   = 10059
	codeWrongLast        = 10071 // the guard's sequence is not the last one
	codeStreamOffline    = 10118 // none of the servers that hold it is there
	codeDuplicatePending = 10158 // the id is in another message on its way
	codeWrongLastUnnamed = 10164 // the same without the number: another append is on its way
	codeBatchIncomplete  = 10176 // a message of the batch is missing, or its place was given up
	codeBatchDuplicate   = 10201 // an id of the batch is stored, or is in it twice
	codeTooManyBatches   = 10210
)

const apiPrefix = "$JS.API."

// errClosed is what every call returns after Close.
var errClosed = errors.New("the log is closed")

// errClosing is what an append gets that was not on its way when Close was
// called, or that came later.
var errClosing = fmt.Errorf("%w: %w", eventstore.ErrUnavailable, errClosed)

// apiError is a refusal by the server.
type apiError struct {
	Code        int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string {
	return fmt.Sprintf("the server refused: %s (%d)", e.Description, e.Code)
}

// isCode reports whether err is a refusal with a code.
func isCode(err error, code int) bool {
	refused, ok := errors.AsType[*apiError](err)
	return ok && refused.Code == code
}

// request sends a message and waits for one answer: at most l.timeout, until the
// log is closed, and until the connection is cut, because then the answer is
// lost.
func (l *Log) request(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	select {
	case <-l.closing:
		return nil, errClosed
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	up := l.link.get()
	defer context.AfterFunc(up, cancel)() //nolint:contextcheck // the log's life ends every call
	answer, err := l.nc.RequestMsgWithContext(ctx, msg)
	if err != nil && up.Err() != nil {
		err = context.Cause(up) //nolint:contextcheck // why the log's own context ended
	}
	return answer, err
}

// api makes a call of the server's JSON interface. A refusal is an [*apiError].
// A call to another server is made again if its answer is lost or it has to wait
// for a leader, so it must be one that may be made twice.
func (l *Log) api(ctx context.Context, call string, request []byte, response any) error {
	return l.patiently(ctx, func(ctx context.Context) error { return l.apiOnce(ctx, call, request, response) })
}

func (l *Log) apiOnce(ctx context.Context, call string, request []byte, response any) error {
	answer, err := l.request(ctx, &nats.Msg{Subject: apiPrefix + call, Data: request})
	if err != nil {
		return err
	}
	var refused struct {
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &refused); err != nil {
		return fmt.Errorf("answer to %s: %w", call, err)
	}
	if refused.Error != nil {
		return refused.Error
	}
	return json.Unmarshal(answer.Data, response)
}

type streamInfo struct {
	Config settings `json:"config"`
	State  struct {
		LastSeq  uint64            `json:"last_seq"`
		Subjects map[string]uint64 `json:"subjects"`
	} `json:"state"`
	Cluster clusterInfo `json:"cluster"`
}

func (l *Log) info(ctx context.Context) (streamInfo, error) { return l.infoOf(ctx, "") }

// infoOf is info with the number of messages of a subject.
func (l *Log) infoOf(ctx context.Context, subject string) (streamInfo, error) {
	var (
		info    streamInfo
		request []byte
		err     error
	)
	if subject != "" {
		if request, err = json.Marshal(map[string]string{"subjects_filter": subject}); err != nil {
			return info, err
		}
	}
	err = l.api(ctx, "STREAM.INFO."+l.log, request, &info)
	return info, err
}

// leaderGet reads one message as the stream's leader has it, which a direct
// read does not promise. The request is what the server calls a message get.
// It reports false if there is no such message.
func (l *Log) leaderGet(ctx context.Context, request messageGet) (eventstore.Record, bool, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return eventstore.Record{}, false, err
	}
	var response struct {
		Message struct {
			Subject string    `json:"subject"`
			Seq     uint64    `json:"seq"`
			Headers []byte    `json:"hdrs"`
			Data    []byte    `json:"data"`
			Time    time.Time `json:"time"`
		} `json:"message"`
	}
	err = l.api(ctx, "STREAM.MSG.GET."+l.log, body, &response)
	if isCode(err, codeNoMessage) {
		return eventstore.Record{}, false, nil
	}
	if err != nil {
		return eventstore.Record{}, false, err
	}
	m := response.Message
	var headers nats.Header
	if len(m.Headers) > 0 {
		if headers, err = nats.DecodeHeadersMsg(m.Headers); err != nil {
			headers = nil // a foreign record: it is there all the same
		}
	}
	return l.record(m.Subject, headers, m.Data, eventstore.Position(m.Seq), m.Time.UTC()), true, nil
}

// messageGet asks for a message: with Next, the first one of a subject from Seq
// or StartTime on; with Last, the last one of a subject; else that at Seq. Batch
// and MaxBytes are for direct reads.
type messageGet struct {
	Seq       uint64     `json:"seq,omitempty"`
	Next      string     `json:"next_by_subj,omitempty"`
	Last      string     `json:"last_by_subj,omitempty"`
	StartTime *time.Time `json:"start_time,omitempty"`
	Batch     int        `json:"batch,omitempty"`
	MaxBytes  int        `json:"max_bytes,omitempty"`
}
