package audit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Policy says whom to believe: which logs, which witnesses, and how many of
// them. It is read from a https://c2sp.org/tlog-policy.
type Policy struct {
	Logs      []PolicyLog
	Witnesses []PolicyWitness
	groups    map[string]group
	quorum    string
}

// PolicyLog is a log that a policy knows.
type PolicyLog struct {
	Key PublicKey // its name is the origin
	URL string
}

// PolicyWitness is a witness that a policy knows.
type PolicyWitness struct {
	Name string // in the policy alone
	Key  PublicKey
	URL  string
}

type group struct {
	want    int // so many of the members
	members []string
}

// ErrPolicy means that a text is no policy.
var ErrPolicy = errors.New("not a policy")

// noQuorum is the name of the quorum that needs no witness.
const noQuorum = "none"

// maxPolicyBytes and maxPolicyNames bound a policy.
const (
	maxPolicyBytes = 256 << 10
	maxPolicyNames = 1024
)

// ParsePolicy reads a policy. A witness may not have the key of a log: nobody is
// a witness of himself.
func ParsePolicy(text []byte) (*Policy, error) {
	if len(text) > maxPolicyBytes {
		return nil, fmt.Errorf("%w: it is too large", ErrPolicy)
	}
	p := &Policy{groups: map[string]group{}}
	known, grouped := map[string]bool{}, map[string]bool{}
	keys := map[[32]byte]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if err := p.line(line, known, grouped, keys); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrPolicy, i+1, err)
		}
	}
	if p.quorum == "" {
		return nil, fmt.Errorf("%w: it has no quorum", ErrPolicy)
	}
	return p, nil
}

// OwnPolicy returns the policy of a log that has no witness: its own key, and
// "quorum none".
func OwnPolicy(key PublicKey) *Policy {
	return &Policy{Logs: []PolicyLog{{Key: key}}, quorum: noQuorum}
}

func (p *Policy) line(line string, known, grouped map[string]bool, keys map[[32]byte]bool) error {
	for i := range len(line) {
		if c := line[i]; c < ' ' && c != '\t' || c == 0x7f {
			return errors.New("it has a control character")
		}
	}
	// Only space and tab separate; other white space may be part of a name.
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	if len(known)+len(p.Logs) >= maxPolicyNames {
		return errors.New("there are too many names")
	}
	define := func(name string) error {
		if known[name] || name == noQuorum {
			return fmt.Errorf("the name %q is taken", name)
		}
		known[name] = true
		return nil
	}
	key := func(vkey string, role Role) (PublicKey, error) {
		k, err := ParsePublicKey(vkey)
		switch {
		case err != nil:
			return k, err
		case k.Role != role:
			return k, fmt.Errorf("%w: its type is 0x%02x and must be 0x%02x", ErrKey, byte(k.Role), byte(role))
		case keys[k.key]:
			return k, fmt.Errorf("%w: it stands there twice", ErrKey)
		}
		keys[k.key] = true
		return k, nil
	}
	url := func(words []string) string {
		if len(words) == 0 {
			return ""
		}
		return words[0]
	}
	switch kind, words := words[0], words[1:]; {
	case kind == "log" && (len(words) == 1 || len(words) == 2):
		k, err := key(words[0], LogKey)
		if err != nil {
			return err
		}
		p.Logs = append(p.Logs, PolicyLog{k, url(words[1:])})
	case kind == "witness" && (len(words) == 2 || len(words) == 3):
		k, err := key(words[1], WitnessKey)
		if err != nil {
			return err
		}
		if err := define(words[0]); err != nil {
			return err
		}
		p.Witnesses = append(p.Witnesses, PolicyWitness{words[0], k, url(words[2:])})
	case kind == "group" && len(words) >= 3:
		members := words[2:]
		for _, m := range members {
			if !known[m] || grouped[m] {
				return fmt.Errorf("%q is not known before this line, or is in a group already", m)
			}
			grouped[m] = true
		}
		want, err := strconv.Atoi(words[1])
		switch {
		case words[1] == "any":
			want = 1
		case words[1] == "all":
			want = len(members)
		case err != nil || strconv.Itoa(want) != words[1] || want < 1 || want > len(members):
			return fmt.Errorf("%q is not how many of %d", words[1], len(members))
		}
		if err := define(words[0]); err != nil {
			return err
		}
		p.groups[words[0]] = group{want, slices.Clone(members)}
	case kind == "quorum" && len(words) == 1:
		if p.quorum != "" {
			return errors.New("there is a quorum already")
		}
		if words[0] != noQuorum && !known[words[0]] {
			return fmt.Errorf("%q is not known before this line", words[0])
		}
		p.quorum = words[0]
	default:
		return fmt.Errorf("%q is not understood", kind)
	}
	return nil
}

// Unwitnessed reports whether the policy asks for no witness. Then nothing but
// memories of its own speaks against a log that was rewritten; whoever shows a
// result must say so.
func (p *Policy) Unwitnessed() bool { return p.quorum == noQuorum }

// Quorum returns the least number of witnesses that can satisfy the policy.
func (p *Policy) Quorum() int {
	if p.Unwitnessed() {
		return 0
	}
	return p.least(p.quorum)
}

func (p *Policy) least(name string) int {
	g, ok := p.groups[name]
	if !ok {
		return 1
	}
	each := make([]int, len(g.members))
	for i, m := range g.members {
		each[i] = p.least(m)
	}
	slices.Sort(each)
	sum := 0
	for _, n := range each[:g.want] {
		sum += n
	}
	return sum
}

// satisfied reports whether these witnesses are a quorum.
func (p *Policy) satisfied(witnesses map[string]bool) bool {
	return p.Unwitnessed() || p.counts(p.quorum, witnesses)
}

func (p *Policy) counts(name string, witnesses map[string]bool) bool {
	g, ok := p.groups[name]
	if !ok {
		return witnesses[name]
	}
	have := 0
	for _, m := range g.members {
		if p.counts(m, witnesses) {
			have++
		}
	}
	return have >= g.want
}

// Cosignature is a witness's signature that was verified.
type Cosignature struct {
	Witness string // its name in the policy
	Key     PublicKey
	At      time.Time
}

// SignedCheckpoint is a checkpoint whose signatures were verified.
type SignedCheckpoint struct {
	Checkpoint
	// Note is the whole text, with signatures.
	Note []byte
	// Cosigned is who cosigned, in the order of the policy. Each is another key.
	Cosigned []Cosignature
	// Quorum is the least number of witnesses that the policy asks for; zero means
	// that the checkpoint counts as it is, unwitnessed.
	Quorum int
}

// clockSkew is how far a witness's clock may be ahead.
const clockSkew = 5 * time.Minute

// Verify verifies a signed checkpoint: one of the policy's logs signed it, under
// its own name, and a quorum of witnesses cosigned it, none of them counted
// twice or at a time that is yet to come. If age is not zero, the quorum must
// have done so within that time. What fails is an [*EvidenceError]; if it is the
// quorum or the age, the checkpoint is returned with it.
func (p *Policy) Verify(text []byte, now time.Time, age time.Duration) (SignedCheckpoint, error) {
	if len(text) > maxCheckpointBytes {
		return SignedCheckpoint{}, evidence(CheckpointMalformed, 0, "it has more than %d bytes", maxCheckpointBytes)
	}
	signed := SignedCheckpoint{Note: slices.Clone(text), Quorum: p.Quorum()}
	verifiers := make([]note.Verifier, 0, len(p.Logs)+len(p.Witnesses))
	for _, l := range p.Logs {
		verifiers = append(verifiers, l.Key.verifier())
	}
	for _, w := range p.Witnesses {
		verifiers = append(verifiers, w.Key.verifier())
	}
	n, err := openNote(text, verifiers...)
	if err != nil {
		return SignedCheckpoint{}, err
	}
	if signed.Checkpoint, err = ParseCheckpoint(n.Text); err != nil {
		return SignedCheckpoint{}, evidence(CheckpointMalformed, 0, "%v", err)
	}
	by := map[PublicKey]note.Signature{}
	for _, s := range n.Sigs {
		for _, v := range p.keys() {
			if v.Name == s.Name && v.hash() == s.Hash {
				by[v] = s
			}
		}
	}
	if !slices.ContainsFunc(p.Logs, func(l PolicyLog) bool { _, ok := by[l.Key]; return ok && l.Key.Name == signed.Origin }) {
		return SignedCheckpoint{}, evidence(CheckpointSignature, 0, "no key that is known for %s has signed it", signed.Origin)
	}
	counted, fresh, all := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, w := range p.Witnesses {
		s, ok := by[w.Key]
		if !ok {
			continue
		}
		at := cosignedAt(s)
		all[w.Name] = true
		if at.After(now.Add(clockSkew)) {
			continue
		}
		counted[w.Name], fresh[w.Name] = true, age == 0 || !at.Before(now.Add(-age))
		signed.Cosigned = append(signed.Cosigned, Cosignature{w.Name, w.Key, at})
	}
	switch {
	case !p.satisfied(counted) && p.satisfied(all):
		return signed, evidence(WitnessFuture, signed.Size, "%d/%d witnesses have cosigned, others at a time that is yet to come", len(counted), signed.Quorum)
	case !p.satisfied(counted):
		return signed, evidence(WitnessQuorum, signed.Size, "%d/%d witnesses have cosigned the checkpoint at %d", len(counted), signed.Quorum, signed.Size)
	case age != 0 && !p.lately(fresh):
		return signed, evidence(CheckpointStale, signed.Size, "no quorum has cosigned the checkpoint at %d within %s", signed.Size, age)
	}
	return signed, nil
}

// lately reports whether the fresh ones suffice. Without a quorum any witness
// does: somebody must say when.
func (p *Policy) lately(fresh map[string]bool) bool {
	if p.Unwitnessed() {
		for _, is := range fresh {
			if is {
				return true
			}
		}
		return false
	}
	return p.satisfied(fresh)
}

func (p *Policy) keys() []PublicKey {
	keys := make([]PublicKey, 0, len(p.Logs)+len(p.Witnesses))
	for _, l := range p.Logs {
		keys = append(keys, l.Key)
	}
	for _, w := range p.Witnesses {
		keys = append(keys, w.Key)
	}
	return keys
}

// openNote opens a note that one of the verifiers' keys has signed.
func openNote(text []byte, verifiers ...note.Verifier) (*note.Note, error) {
	if len(text) > maxCheckpointBytes || !bytes.HasSuffix(text, []byte("\n")) {
		return nil, evidence(CheckpointMalformed, 0, "it is no signed note")
	}
	n, err := note.Open(text, note.VerifierList(verifiers...))
	if invalid, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return nil, evidence(CheckpointSignature, 0, "the signature of %s is not one of its text", invalid.Name)
	}
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return nil, evidence(CheckpointSignature, 0, "no key that is known has signed it")
	}
	if err != nil {
		return nil, evidence(CheckpointMalformed, 0, "it is no signed note: %v", err)
	}
	return n, nil
}
