package vault

import "sync"

// cache holds unwrapped keys: at most most of them, and for certain the last
// half as many that were used.
type cache struct {
	most int

	mu         sync.Mutex
	young, old map[Owner]*key
}

func newCache(most int) *cache {
	return &cache{most: most, young: map[Owner]*key{}, old: map[Owner]*key{}}
}

func (c *cache) get(o Owner) *key {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.young[o]; k != nil {
		return k
	}
	k := c.old[o]
	if k != nil {
		c.put(o, k)
	}
	return k
}

func (c *cache) add(o Owner, k *key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(o, k)
}

func (c *cache) put(o Owner, k *key) {
	if len(c.young) >= c.most/2 {
		c.young, c.old = map[Owner]*key{}, c.young
	}
	c.young[o] = k
}

// drop forgets the keys of a subject.
func (c *cache) drop(subject string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, half := range []map[Owner]*key{c.young, c.old} {
		for o := range half {
			if o.Subject == subject {
				delete(half, o)
			}
		}
	}
}
