// A state store on the Go SDK that claims ETags, refuses stale ones as contrib says, and can do no more.
package main

import (
	"context"
	"errors"
	"strconv"
	"sync"

	dapr "github.com/dapr-sandbox/components-go-sdk"
	"github.com/dapr-sandbox/components-go-sdk/state/v1"
	contribstate "github.com/dapr/components-contrib/state"
)

type item struct {
	data []byte
	etag string
}

type store struct {
	contribstate.BulkStore
	mu     sync.Mutex
	items  map[string]item
	writes int
}

func made() state.Store {
	s := &store{items: map[string]item{}}
	s.BulkStore = contribstate.NewDefaultBulkStore(s)
	return s
}

func (s *store) Init(context.Context, contribstate.Metadata) error { return nil }
func (s *store) GetComponentMetadata() map[string]string           { return nil }
func (s *store) Features() []contribstate.Feature {
	return []contribstate.Feature{contribstate.FeatureETag}
}

func (s *store) Get(_ context.Context, r *contribstate.GetRequest) (*contribstate.GetResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.items[r.Key]
	if !ok {
		return &contribstate.GetResponse{}, nil
	}
	return &contribstate.GetResponse{Data: found.data, ETag: &found.etag}, nil
}

func (s *store) refuse(key string, etag *string) error {
	if etag != nil && *etag != "" && s.items[key].etag != *etag {
		return contribstate.NewETagError(contribstate.ETagMismatch, errors.New("it is at "+s.items[key].etag))
	}
	return nil
}

func (s *store) Set(_ context.Context, r *contribstate.SetRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refuse(r.Key, r.ETag); err != nil {
		return err
	}
	if _, taken := s.items[r.Key]; taken && !r.HasETag() && r.Options.Concurrency == contribstate.FirstWrite {
		return contribstate.NewETagError(contribstate.ETagMismatch, errors.New("it is there"))
	}
	data, _ := r.Value.([]byte)
	s.writes++
	s.items[r.Key] = item{data, strconv.Itoa(s.writes)}
	return nil
}

func (s *store) Delete(_ context.Context, r *contribstate.DeleteRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refuse(r.Key, r.ETag); err != nil {
		return err
	}
	delete(s.items, r.Key)
	return nil
}

func main() {
	dapr.Register("goetags", dapr.WithStateStore(made))
	dapr.MustRun()
}
