// Command godescriptors writes upstream's descriptors to standard output, as one serialized FileDescriptorSet.
package main

import (
	"log"
	"os"

	components "github.com/dapr/dapr/pkg/proto/components/v1"
	health "google.golang.org/grpc/health/grpc_health_v1"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	files := &descriptorpb.FileDescriptorSet{}
	for _, file := range []protoreflect.FileDescriptor{
		components.File_dapr_proto_components_v1_bindings_proto,
		components.File_dapr_proto_components_v1_common_proto,
		components.File_dapr_proto_components_v1_pubsub_proto,
		components.File_dapr_proto_components_v1_secretstore_proto,
		components.File_dapr_proto_components_v1_state_proto,
		health.File_grpc_health_v1_health_proto,
		reflection.File_grpc_reflection_v1_reflection_proto,
		reflectionalpha.File_grpc_reflection_v1alpha_reflection_proto,
	} {
		files.File = append(files.File, protodesc.ToFileDescriptorProto(file))
	}
	message, err := proto.Marshal(files)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stdout.Write(message); err != nil {
		log.Fatal(err)
	}
}
