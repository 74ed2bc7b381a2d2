package jetstream

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nkeys"
)

// Users are the logins that the servers' configuration in deploy/nats knows, by
// their variables there.
func Users() []string {
	return []string{"ADMIN", "DEPLOY", "WRITER", "READER", "DEPLOY_FEED", "PUBLISHER", "SUBSCRIBER"}
}

// UsersFile is what the servers' configuration includes: the public keys.
const UsersFile = "users.conf"

// MakeUsers makes an nkey for each of [Users] in a directory, "writer.nk" and so
// on, and [UsersFile] with what the servers have to know of them. A key that is
// there is kept. It returns the files that it made.
func MakeUsers(dir string) (made []string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	text := []byte("# Public keys, and the subjects of answers. Made by `rollbook nats keys`.\n")
	for _, user := range Users() {
		path := filepath.Join(dir, strings.ToLower(user)+".nk")
		public, fresh, err := userKey(path)
		if err != nil {
			return made, err
		}
		if fresh {
			made = append(made, path)
		}
		text = fmt.Appendf(text, "KEY_%s: %q\nINBOX_%s: %q\n", user, public, user, "_INBOX."+public+".>")
	}
	path := filepath.Join(dir, UsersFile)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return made, err
	}
	return append(made, path), nil
}

// userKey returns the public key of the seed in a file, which it makes if it is
// not there.
func userKey(path string) (public string, fresh bool, err error) {
	seed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh = true
		var pair nkeys.KeyPair
		if pair, err = nkeys.CreateUser(); err != nil {
			return "", false, err
		}
		if seed, err = pair.Seed(); err != nil {
			return "", false, err
		}
		err = writeNew(path, append(seed, '\n'))
	}
	if err != nil {
		return "", false, err
	}
	pair, err := nkeys.ParseDecoratedUserNKey(seed)
	if err != nil {
		return "", false, fmt.Errorf("%w: %s holds no seed of a user's nkey", ErrLogin, path)
	}
	public, err = pair.PublicKey()
	return public, fresh, err
}

// writeNew writes a file that must not be there yet, for its owner only.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}
