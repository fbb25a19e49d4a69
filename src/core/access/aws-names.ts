// AWS names that policies may contain although Heddle has no such feature. Owns the lists alone.
// Source: AWS's Service Authorization Reference, August 2026.

const words = (text: string) => text.trim().split(/\s+/)

/** Prefixes of all AWS services, except those that Heddle implements. */
export const AWS_SERVICES: ReadonlySet<string> = new Set(
  words(`
  a2c a4b access-analyzer account-access account acm-pca acm aco-automation action-recommendations
  activate agent-registry agentaccess-mcp aidevops aiops airflow-serverless airflow amplify
  amplifybackend amplifyuibuilder aoss apigateway app-integrations appconfig appfabric appflow
  application-autoscaling application-signals-mcp application-signals application-transformation
  applicationinsights appmesh-preview appmesh apprunner appstream appstudio appsync apptest aps
  arc-region-switch arc-zonal-shift arsenal artifact athena auditmanager autoscaling-plans
  autoscaling aws-external-anthropic aws-marketplace-management aws-marketplace aws-portal
  awsconnector b2bi backup-gateway backup-search backup-storage backup batch bcm-dashboards
  bcm-data-exports bcm-pricing-calculator bcm-recommended-actions bedrock-agentcore bedrock-mantle
  bedrock-websearch bedrock billing billingconductor braket budgets bugbust cases cassandra ce
  chatbot chime cleanrooms-ml cleanrooms cloud9 clouddirectory cloudformation
  cloudfront-keyvaluestore cloudfront cloudhsm cloudsearch cloudshell cloudtrail-data cloudtrail
  cloudwatch codeartifact codebuild codecatalyst codecommit codeconnections
  codedeploy-commands-secure codedeploy codeguru-profiler codeguru-reviewer codeguru-security
  codeguru codepipeline codestar-connections codestar-notifications codestar codewhisperer
  cognito-identity cognito-idp cognito-sync comprehend comprehendmedical compute-optimizer config
  connect-campaigns connect consoleapp consolidatedbilling controlcatalog controltower
  cost-optimization-hub cur customer-verification databrew dataexchange datapipeline datasync
  datazone dax dbqms deadline detective devicefarm devops-guru directconnect discovery dlm dms
  docdb-elastic drs ds-data ds dsql dynamodb ebs ec2-instance-connect ec2 ec2messages ecr-public
  ecr ecs-mcp ecs eks-auth eks-mcp eks elasticache elasticbeanstalk elasticfilesystem
  elasticloadbalancing elasticmapreduce elastictranscoder elemental-activations
  elemental-appliances-software elemental-inference elemental-support-cases
  elemental-support-content emr-containers emr-serverless entityresolution es events
  eventsbilltoaws evidently evs execute-api finops-agent finspace-api finspace firehose fis fms
  forecast frauddetector freertos freetier fsx gamelift gameliftstreams geo-maps geo-places
  geo-routes geo glacier globalaccelerator glue grafana greengrass groundstation
  groundtruthlabeling guardduty health-agent health healthlake honeycode iam identity-sync
  identitystore-auth identitystore imagebuilder importexport inspector-scan inspector
  inspector2-telemetry inspector2 interconnect internetmonitor invoicing iot-device-tester iot
  iotanalytics iotdeviceadvisor iotevents iotfleethub iotfleetwise iotjobsdata
  iotmanagedintegrations iotsitewise iottwinmaker iotwireless iq-permission iq ivs ivschat
  kafka-cluster kafka kafkaconnect kendra-ranking kendra kinesis kinesisanalytics kinesisvideo kms
  lakeformation lambda launchwizard lex license-manager-linux-subscriptions
  license-manager-user-subscriptions license-manager lightsail logs lookoutequipment
  lookoutmetrics lookoutvision m2 machinelearning macie2 managedblockchain-query managedblockchain
  mapcredits marketplacecommerceanalytics mechanicalturk mediaconnect mediaconvert mediaimport
  medialive mediapackage-vod mediapackage mediapackagev2 mediastore mediatailor medical-imaging
  memorydb mgh mgn migrationhub-orchestrator migrationhub-strategy mobileanalytics mobiletargeting
  monitron mpa mq neptune-db neptune-graph network-firewall network-security-director
  networkflowmonitor networkmanager-chat networkmanager networkmonitor nimble
  notifications-contacts notifications nova-act oam observabilityadmin odb omics one opensearch
  opsworks-cm opsworks organizations osis outposts panorama partnercentral-account-management
  partnercentral payment-cryptography payments pca-connector-ad pca-connector-scep pcs personalize
  pi pipes polly pricing pricingplanmanager private-networks profile proton purchase-orders q
  qapps qbusiness qdeveloper qldb quicksight ram rbin rds-data rds-db rds redshift-data
  redshift-serverless redshift refactor-spaces rekognition repostspace researchstudio
  resiliencehub resource-explorer-2 resource-explorer resource-groups rhelkb robomaker
  rolesanywhere route53-recovery-cluster route53-recovery-control-config
  route53-recovery-readiness route53 route53domains route53globalresolver route53profiles
  route53resolver rtbfabric rum s3-object-lambda s3-outposts s3express s3files s3tables s3vectors
  sagemaker-data-science-assistant sagemaker-geospatial sagemaker-mlflow
  sagemaker-unified-studio-mcp sagemaker savingsplans scheduler schemas scn sdb secretsmanager
  security-ir securityagent securityhub securitylake serverlessrepo servicecatalog
  servicediscovery serviceextract servicequotas ses shield signer signin sms-voice sms
  snow-device-management snowball sns social-messaging sqlworkbench sqs ssm-contacts
  ssm-guiconnect ssm-incidents ssm-quicksetup ssm-sap ssm ssmmessages sso-directory sso-oauth sso
  states storagegateway sts support-console support supportapp supportauthz supportplans
  sustainability swf synthetics tag tax textract thinclient timestream-influxdb timestream tiros
  tnb transcribe transfer transform-custom transform translate trustedadvisor ts
  user-subscriptions uxc vendor-insights verified-access verifiedpermissions voiceid
  vpc-lattice-svcs vpc-lattice vpce waf-regional waf wafv2 wam wellarchitected wickr wisdom
  workdocs worklink workmail workmailmessageflow workspaces-instances workspaces-web workspaces
  xray
`),
)

export const AWS_S3_ACTIONS: readonly string[] = words(`
  AbortMultipartUpload AllowVendedLogDeliveryForResource AssociateAccessGrantsIdentityCenter
  BypassGovernanceRetention CreateAccessGrant CreateAccessGrantsInstance
  CreateAccessGrantsLocation CreateAccessPoint CreateAccessPointForObjectLambda CreateBucket
  CreateBucketMetadataTableConfiguration CreateJob CreateMultiRegionAccessPoint
  CreateStorageLensGroup DeleteAccessGrant DeleteAccessGrantsInstance
  DeleteAccessGrantsInstanceResourcePolicy DeleteAccessGrantsLocation DeleteAccessPoint
  DeleteAccessPointForObjectLambda DeleteAccessPointPolicy DeleteAccessPointPolicyForObjectLambda
  DeleteBucket DeleteBucketMetadataTableConfiguration DeleteBucketPolicy DeleteBucketWebsite
  DeleteJobTagging DeleteMultiRegionAccessPoint DeleteObject DeleteObjectAnnotation
  DeleteObjectTagging DeleteObjectVersion DeleteObjectVersionAnnotation DeleteObjectVersionTagging
  DeleteStorageLensConfiguration DeleteStorageLensConfigurationTagging DeleteStorageLensGroup
  DescribeJob DescribeMultiRegionAccessPointOperation DissociateAccessGrantsIdentityCenter
  GetAccelerateConfiguration GetAccessGrant GetAccessGrantsInstance
  GetAccessGrantsInstanceForPrefix GetAccessGrantsInstanceResourcePolicy GetAccessGrantsLocation
  GetAccessPoint GetAccessPointConfigurationForObjectLambda GetAccessPointForObjectLambda
  GetAccessPointPolicy GetAccessPointPolicyForObjectLambda GetAccessPointPolicyStatus
  GetAccessPointPolicyStatusForObjectLambda GetAccountPublicAccessBlock GetAnalyticsConfiguration
  GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging
  GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration
  GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock
  GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite GetDataAccess
  GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration
  GetJobTagging GetLifecycleConfiguration GetMetricsConfiguration GetMultiRegionAccessPoint
  GetMultiRegionAccessPointPolicy GetMultiRegionAccessPointPolicyStatus
  GetMultiRegionAccessPointRoutes GetObject GetObjectAcl GetObjectAnnotation GetObjectAttributes
  GetObjectLegalHold GetObjectRetention GetObjectTagging GetObjectTorrent GetObjectVersion
  GetObjectVersionAcl GetObjectVersionAnnotation GetObjectVersionAnnotationForReplication
  GetObjectVersionAttributes GetObjectVersionForReplication GetObjectVersionTagging
  GetObjectVersionTorrent GetReplicationConfiguration GetStorageLensConfiguration
  GetStorageLensConfigurationTagging GetStorageLensDashboard GetStorageLensGroup
  InitiateReplication ListAccessGrants ListAccessGrantsInstances ListAccessGrantsLocations
  ListAccessPoints ListAccessPointsForObjectLambda ListAllMyBuckets ListBucket
  ListBucketMultipartUploads ListBucketVersions ListCallerAccessGrants ListJobs
  ListMultiRegionAccessPoints ListMultipartUploadParts ListObjectAnnotations
  ListObjectVersionAnnotations ListStorageLensConfigurations ListStorageLensGroups
  ListTagsForResource ObjectOwnerOverrideToBucketOwner PauseReplication PutAccelerateConfiguration
  PutAccessGrantsInstanceResourcePolicy PutAccessPointConfigurationForObjectLambda
  PutAccessPointPolicy PutAccessPointPolicyForObjectLambda PutAccessPointPublicAccessBlock
  PutAccountPublicAccessBlock PutAnalyticsConfiguration PutBucketAbac PutBucketAcl PutBucketCORS
  PutBucketLogging PutBucketNotification PutBucketObjectLockConfiguration
  PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock PutBucketRequestPayment
  PutBucketTagging PutBucketVersioning PutBucketWebsite PutEncryptionConfiguration
  PutIntelligentTieringConfiguration PutInventoryConfiguration PutJobTagging
  PutLifecycleConfiguration PutMetricsConfiguration PutMultiRegionAccessPointPolicy PutObject
  PutObjectAcl PutObjectAnnotation PutObjectLegalHold PutObjectRetention PutObjectTagging
  PutObjectVersionAcl PutObjectVersionAnnotation PutObjectVersionTagging
  PutReplicationConfiguration PutStorageLensConfiguration PutStorageLensConfigurationTagging
  ReplicateDelete ReplicateObject ReplicateObjectAnnotation ReplicateTags RestoreObject
  SubmitMultiRegionAccessPointRoutes TagResource UntagResource UpdateAccessGrantsLocation
  UpdateBucketMetadataAnnotationTableConfiguration UpdateBucketMetadataInventoryTableConfiguration
  UpdateBucketMetadataJournalTableConfiguration UpdateJobPriority UpdateJobStatus
  UpdateObjectEncryption UpdateStorageLensGroup
`).map((name) => `s3:${name}`)

/** Condition keys that Heddle never sets. A key that ends in a slash is followed by a tag's key. */
export const AWS_CONDITION_KEYS: readonly string[] = [
  ...words(`
  AssumedRoot CalledVia CalledViaAWSMCP CalledViaFirst CalledViaLast ChatbotSourceArn
  Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc FederatedProvider IsMcpServiceAction
  MultiFactorAuthAge MultiFactorAuthPresent PrincipalOrgID PrincipalOrgPaths PrincipalServiceName
  PrincipalServiceNamesList PrincipalTag/ referer ResourceOrgID ResourceOrgPaths SourceAccount
  SourceArn SourceIdentity SourceOrgID SourceOrgPaths SourceOwner SourceVpc SourceVpcArn
  SourceVpce UserAgent userid ViaAWSMCPService VpceAccount VpceOrgID VpceOrgPaths VpcSourceIp
  `).map((name) => `aws:${name}`),
  ...words(`
  AccessGrantScope AccessGrantsInstanceArn AccessGrantsLocationScope AccessPointNetworkOrigin
  AccessPointTag/ annotation-prefix authType BucketTag/ DataAccessPointAccount DataAccessPointArn
  deliverySourceArn destinationRegion ExistingJobOperation ExistingJobPriority ExistingObjectTag/
  if-match if-none-match InventoryAccessibleOptionalFields isReplicationPauseRequest
  JobSuspendedCause locationconstraint logType max-annotation-results object-lock-legal-hold
  object-lock-mode object-lock-remaining-retention-days object-lock-retain-until-date
  ObjectCreationOperation RequestJobOperation RequestJobPriority RequestObjectTag/
  RequestObjectTagKeys ResourceAccount resourceArnBeingAuthorized signatureAge signatureversion
  TlsVersion versionid x-amz-acl x-amz-bucket-namespace x-amz-content-sha256 x-amz-copy-source
  x-amz-grant-full-control x-amz-grant-read x-amz-grant-read-acp x-amz-grant-write
  x-amz-grant-write-acp x-amz-metadata-directive x-amz-object-annotation-directive
  x-amz-object-if-match x-amz-object-ownership x-amz-server-side-encryption
  x-amz-server-side-encryption-aws-kms-key-id x-amz-server-side-encryption-customer-algorithm
  x-amz-storage-class x-amz-website-redirect-location
  `).map((name) => `s3:${name}`),
]
