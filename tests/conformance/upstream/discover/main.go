// Command discover looks for components as daprd does at its start, by daprd's own code, and says what came of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dapr/dapr/pkg/components/pluggable"
)

// A daprd waits without end; this gives up and calls it that.
const patience = 3 * time.Second

func main() {
	for _, service := range []string{"StateStore", "PubSub", "InputBinding", "OutputBinding", "SecretStore"} {
		full := "dapr.proto.components.v1." + service
		pluggable.AddServiceDiscoveryCallback(full, func(name string, _ pluggable.GRPCConnectionDialer) {
			fmt.Printf("registered %s %s\n", service, name)
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := pluggable.Discover(ctx)
	switch {
	case err == nil:
		fmt.Println("discovered")
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		fmt.Println("hangs")
		os.Exit(1)
	default:
		fmt.Println("disabled", err)
		os.Exit(1)
	}
}
