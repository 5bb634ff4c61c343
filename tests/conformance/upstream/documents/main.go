// Command documents encrypts or decrypts standard input by upstream's own scheme and its component for local keys.
//
//	documents encrypt FOLDER KEY ALGORITHM CIPHER
//	documents decrypt FOLDER
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	contrib "github.com/dapr/components-contrib/crypto"
	"github.com/dapr/components-contrib/crypto/localstorage"
	"github.com/dapr/components-contrib/metadata"
	"github.com/dapr/kit/logger"
	scheme "github.com/dapr/kit/schemes/enc/v1"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	vault := localstorage.NewLocalStorageCrypto(logger.NewLogger("documents"))
	base := metadata.Base{Properties: map[string]string{"path": args[1]}}
	if err := vault.Init(ctx, contrib.Metadata{Base: base}); err != nil {
		return err
	}
	var out io.Reader
	var err error
	if args[0] == "encrypt" {
		cipher := scheme.Cipher(args[4])
		out, err = scheme.Encrypt(os.Stdin, scheme.EncryptOptions{
			KeyName:   args[2],
			Algorithm: scheme.KeyAlgorithm(args[3]),
			Cipher:    &cipher,
			WrapKeyFn: func(key []byte, algorithm, name string, nonce []byte) ([]byte, []byte, error) {
				plain, err := jwk.FromRaw(key)
				if err != nil {
					return nil, nil, err
				}
				return vault.WrapKey(ctx, plain, algorithm, name, nonce, nil)
			},
		})
	} else {
		out, err = scheme.Decrypt(os.Stdin, scheme.DecryptOptions{
			UnwrapKeyFn: func(wrapped []byte, algorithm, name string, nonce, tag []byte) ([]byte, error) {
				key, err := vault.UnwrapKey(ctx, wrapped, algorithm, name, nonce, tag, nil)
				if err != nil {
					return nil, err
				}
				var raw []byte
				err = key.Raw(&raw)
				return raw, err
			},
		})
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, out)
	return err
}
