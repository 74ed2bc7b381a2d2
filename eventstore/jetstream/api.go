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
	codeNoMessage        = 10037
	codeStreamNotFound   = 10059
	codeWrongLast        = 10071 // the guard's sequence is not the last one
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

// request sends a message and waits for one answer, at most l.timeout and until
// the log is closed.
func (l *Log) request(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	select {
	case <-l.closing:
		return nil, errClosed
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	defer context.AfterFunc(l.life, cancel)() //nolint:contextcheck // the log's life ends every call
	answer, err := l.nc.RequestMsgWithContext(ctx, msg)
	if err != nil && l.life.Err() != nil {
		err = errClosed
	}
	return answer, err
}

// api makes a call of the server's JSON interface. A refusal is an [*apiError].
func (l *Log) api(ctx context.Context, call string, request []byte, response any) error {
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
		LastSeq uint64 `json:"last_seq"`
	} `json:"state"`
}

func (l *Log) info(ctx context.Context) (streamInfo, error) {
	var info streamInfo
	err := l.api(ctx, "STREAM.INFO."+l.log, nil, &info)
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
	var refused *apiError
	if errors.As(err, &refused) && refused.Code == codeNoMessage {
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
// on; with Last, the last one of a subject; else that at Seq. Batch and MaxBytes
// are for direct reads.
type messageGet struct {
	Seq       uint64     `json:"seq,omitempty"`
	Next      string     `json:"next_by_subj,omitempty"`
	Last      string     `json:"last_by_subj,omitempty"`
	StartTime *time.Time `json:"start_time,omitempty"`
	Batch     int        `json:"batch,omitempty"`
	MaxBytes  int        `json:"max_bytes,omitempty"`
}
