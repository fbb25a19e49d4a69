// All of the service's face in one header: `#include <aws/weaverruntime/WeaverRuntime.h>`.
// Owns nothing.
#ifndef AWS_WEAVERRUNTIME_WEAVERRUNTIME_H
#define AWS_WEAVERRUNTIME_WEAVERRUNTIME_H

#include "Application.h"
#include "Entity.h"
#include "Messaging.h"
#include "MessagingUtils.h"
#include "Result.h"
#include "Subscription.h"
#include "Types.h"

#endif
