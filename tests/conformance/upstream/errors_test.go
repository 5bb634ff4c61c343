package yardstick

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dapr/components-contrib/state"
	statereg "github.com/dapr/dapr/pkg/components/state"
	kiterrors "github.com/dapr/kit/errors"
)

// TestErrorsArrive asks a store that fails as the key says (failing.py beside this
// file) for each error that daprd's adapter tells from others, and for the rest by
// their gRPC codes, which daprd's API makes its answers from.
func TestErrorsArrive(t *testing.T) {
	socket := os.Getenv("YARDSTICK_FAILING")
	if socket == "" {
		t.Skip("YARDSTICK_FAILING names no socket")
	}
	discover(t)
	store, err := statereg.DefaultRegistry.Create("state."+socket, version, "failing")
	require.NoError(t, err)
	require.NoError(t, store.Init(t.Context(), state.Metadata{}))
	set := func(key string) error {
		return store.Set(t.Context(), &state.SetRequest{Key: key, Value: []byte("1")})
	}
	remove := func(key string) error {
		return store.Delete(t.Context(), &state.DeleteRequest{Key: key})
	}

	for name, call := range map[string]func(string) error{"set": set, "delete": remove} {
		t.Run(name, func(t *testing.T) {
			for key, kind := range map[string]state.ETagErrorKind{
				"mismatch": state.ETagMismatch, "invalid-etag": state.ETagInvalid,
			} {
				var etag *state.ETagError
				require.ErrorAs(t, call(key), &etag, key)
				assert.Equal(t, kind, etag.Kind(), key)
			}
			kit, ok := kiterrors.FromError(call("custom"))
			require.True(t, ok)
			assert.Equal(t, 418, kit.HTTPStatusCode())
			assert.Equal(t, codes.Aborted, kit.GrpcStatusCode())
			assert.Equal(t, "ERR_TEAPOT", kit.ErrorCode())
			assert.ErrorContains(t, kit, "short and stout")
		})
	}

	t.Run("codes", func(t *testing.T) {
		for key, code := range map[string]codes.Code{
			"invalid": codes.InvalidArgument, "missing": codes.NotFound, "unsupported": codes.Unimplemented,
			"denied": codes.PermissionDenied, "limit": codes.ResourceExhausted,
			"unavailable": codes.Unavailable, "late": codes.DeadlineExceeded, "bug": codes.Internal,
		} {
			_, err := store.Get(t.Context(), &state.GetRequest{Key: key})
			assert.Equal(t, code, status.Code(err), key)
			assert.NotContains(t, err.Error(), "s3cret", key)
			assert.NotContains(t, err.Error(), "Traceback", key)
		}
	})

	t.Run("bulk", func(t *testing.T) {
		items := []state.SetRequest{{Key: "fine", Value: []byte("1")}, {Key: "mismatch", Value: []byte("1")}}
		var etag *state.ETagError
		require.ErrorAs(t, store.BulkSet(t.Context(), items, state.BulkStoreOpts{}), &etag)
		assert.Equal(t, state.ETagMismatch, etag.Kind())
		assert.ErrorContains(t, etag, "mismatch: possible etag mismatch")
		assert.NotContains(t, etag.Error(), "fine:")

		var rows *state.BulkDeleteRowMismatchError
		require.ErrorAs(t, store.BulkDelete(t.Context(), []state.DeleteRequest{
			{Key: "rows"}, {Key: "more rows"},
		}, state.BulkStoreOpts{}), &rows)
		assert.ErrorContains(t, rows, "affected only 1 rows, expected 2")

		got, err := store.BulkGet(t.Context(), []state.GetRequest{
			{Key: "fine"}, {Key: "denied"}, {Key: "gone"},
		}, state.BulkGetOpts{})
		require.NoError(t, err)
		errs := map[string]string{}
		for _, item := range got {
			errs[item.Key] = item.Error
		}
		assert.Equal(t, map[string]string{"fine": "", "denied": "no entry", "gone": ""}, errs)
	})
}
