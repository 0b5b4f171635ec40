#!/usr/bin/env bash
# Deploys the stacks of this folder. Needs the AWS CLI and nothing else; README.md explains it.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: deploy.sh -e ENVIRONMENT -b TEMPLATE_BUCKET [OPTION ...]

  -e ENVIRONMENT      development, staging, production, or another one with a file of parameters
  -b TEMPLATE_BUCKET  bucket of this account and region that the templates are uploaded to
  -p PROJECT          begins every name; log-distributor if not given
  -r REGION           the region of the AWS CLI if not given
  -f PARAMETERS.json  in place of parameters/ENVIRONMENT.json
  -i IMAGE            the image to run, by its tag or digest in the environment's repository; what runs now if not given
  -a ACCOUNT          refuse credentials of any other account
  -c COST_CENTER      tag CostCenter on everything
  -t FOLDER           templates, in place of those beside this script
  --plan              show what would change, and change nothing
  --yes               do not ask
  --help              this text
USAGE
}

# Exit statuses: 0 done, 1 failed, 2 usage error or refused.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

refuse() {
  printf '%s\n' "$*" >&2
  exit 2
}

readonly HERE="${BASH_SOURCE[0]%/*}"
readonly STACKS='main core ingestion distributor monitoring spending'

environment='' bucket='' project='log-distributor' region='' parameters='' image='' account='' cost_center='' plan='' yes=''
templates="$HERE/templates"

read_arguments() {
  while (($# > 0)); do
    case "$1" in
      --plan) plan=1 ;;
      --yes) yes=1 ;;
      --help) usage && exit 0 ;;
      -e | -b | -p | -r | -f | -i | -a | -c | -t)
        (($# > 1)) || refuse "$1 needs a value"
        set_option "$1" "$2"
        shift
        ;;
      *) refuse "unknown argument $1 (--help lists the options)" ;;
    esac
    shift
  done
  [[ -n $environment && -n $bucket ]] || refuse "$(usage)"
  [[ $environment =~ ^[a-z][a-z0-9]{0,11}$ ]] || refuse "-e: must be 1 to 12 of a-z0-9 and begin with a letter (got $environment)"
  [[ $project =~ ^[a-z][a-z0-9]*(-[a-z0-9]+)*$ ]] || refuse "-p: must be words of a-z0-9 joined by -, and begin with a letter (got $project)"
  [[ $image =~ ^(sha256:[0-9a-f]{64}|[a-zA-Z0-9_.-]{0,128})$ ]] || refuse "-i: must be the tag or digest of an image (got $image)"
  [[ -n $plan || -n $yes || -t 0 ]] || refuse 'nobody can be asked here: pass --yes, or --plan to look only'
  choose_parameters
}

set_option() {
  case "$1" in
    -e) environment="$2" ;;
    -b) bucket="$2" ;;
    -p) project="$2" ;;
    -r) region="$2" ;;
    -f) parameters="$2" ;;
    -i) image="$2" ;;
    -a) account="$2" ;;
    -c) cost_center="$2" ;;
    -t) templates="${2%/}" ;;
  esac
}

# A misspelt name must not become another environment without the protection of the one that was meant.
choose_parameters() {
  if [[ -z $parameters ]]; then
    parameters="$HERE/parameters/$environment.json"
    [[ -r $parameters ]] || refuse "there are no parameters of $environment: write a file, and name it with -f"
  fi
  [[ -r $parameters ]] || refuse "$parameters cannot be read"
}

# Sets account, region and stack. The AWS CLI's own message stands above ours.
look_around() {
  command -v aws >/dev/null || fail 'the AWS CLI is missing'
  [[ -n $region ]] || region="${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}"
  [[ -n $region ]] || refuse 'no region: pass -r, or set AWS_REGION'
  [[ $region != cn-* ]] || refuse 'the templates are not for China: use npm run deploy, which is Terraform'
  export AWS_REGION="$region" AWS_DEFAULT_REGION="$region" AWS_PAGER=''
  local ours
  ours="$(aws sts get-caller-identity --query Account --output text)" || fail 'AWS does not accept the credentials'
  [[ -z $account || $account == "$ours" ]] || refuse "these are credentials of account $ours, and not of $account"
  account="$ours"
  local longest="$project-$environment-logs-$account-$region"
  ((${#longest} <= 63)) || refuse "project and environment must be shorter by $((${#longest} - 63)) characters: the bucket is $longest"
  aws s3api head-bucket --bucket "$bucket" --expected-bucket-owner "$account" >/dev/null ||
    fail "there is no bucket $bucket of account $account: aws s3 mb s3://$bucket --region $region"
  stack="$project-$environment"
}

# Uploads the templates under a prefix of their content: a stack that failed can be looked into with what it was made of.
upload() {
  local name checksum
  checksum="$(for name in $STACKS; do cat "$templates/$name.yaml"; done | cksum)"
  prefix="$project/$environment/${checksum%% *}/"
  aws s3 cp --only-show-errors --recursive --exclude '*' --include '*.yaml' "$templates" "s3://$bucket/$prefix" ||
    fail "the templates could not be uploaded to $bucket"
  template_url="https://$bucket.s3.$region.amazonaws.com/${prefix}main.yaml"
}

# What runs is what was pushed, and a rollback gets the same bytes: a tag becomes the digest that it has now.
resolve_image() {
  [[ -n $image && $image != sha256:* ]] || return 0
  local digest
  digest="$(aws ecr describe-images --repository-name "$project-$environment" --image-ids "imageTag=$image" \
    --query 'imageDetails[0].imageDigest' --output text)" ||
    refuse "there is no image $image in the repository $project-$environment: push it first"
  image="$digest"
}

# Sets change_type, and refuses what CloudFormation could not change.
choose_change_type() {
  local status
  status="$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text 2>/dev/null)" || status=''
  case "$status" in
    '' | None | REVIEW_IN_PROGRESS | DELETE_COMPLETE) change_type=CREATE ;;
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | DELETE_FAILED)
      refuse "$stack is $status, from which there is no update. Delete what is left of it, then deploy again:
  aws cloudformation delete-stack --region $region --stack-name $stack"
      ;;
    *_IN_PROGRESS) refuse "$stack is being changed by somebody else ($status)" ;;
    *) change_type=UPDATE ;;
  esac
}

# The parameters of the file and those that follow from the arguments, as one JSON list.
all_parameters() {
  local given list=''
  given="$(tr '\n\r' '  ' <"$parameters")"
  if [[ ! $given =~ ^[[:space:]]*\[(.*)\][[:space:]]*$ ]]; then
    refuse "$parameters must be a JSON list of ParameterKey and ParameterValue"
  fi
  list="${BASH_REMATCH[1]}"
  [[ $list =~ ^[[:space:]]*$ ]] || list="$list,"
  list+="$(parameter Project "$project"),$(parameter Environment "$environment"),"
  list+="$(parameter TemplateBucket "$bucket"),$(parameter TemplatePrefix "$prefix")"
  if [[ -n $image ]]; then
    list+=",$(parameter ImageTag "$image")"
  elif [[ $change_type == UPDATE && $given != *'"ImageTag"'* ]]; then
    list+=',{"ParameterKey":"ImageTag","UsePreviousValue":true}'
  fi
  printf '[%s]' "$list"
}

parameter() {
  printf '{"ParameterKey":"%s","ParameterValue":"%s"}' "$1" "$2"
}

create_change_set() {
  local list tags=("Key=Deployment,Value=$project-$environment-$region" "Key=Project,Value=$project"
    "Key=Environment,Value=$environment" 'Key=ManagedBy,Value=cloudformation')
  [[ -z $cost_center ]] || tags+=("Key=CostCenter,Value=$cost_center")
  list="$(all_parameters)"
  change_set="deploy-$(date -u +%Y%m%d%H%M%S)-$$"
  aws cloudformation create-change-set --stack-name "$stack" --change-set-name "$change_set" \
    --change-set-type "$change_type" --template-url "$template_url" --include-nested-stacks \
    --capabilities CAPABILITY_NAMED_IAM --parameters "$list" \
    --tags "${tags[@]}" >/dev/null || fail 'CloudFormation refused the change set; its message stands above'
  aws cloudformation wait change-set-create-complete --stack-name "$stack" --change-set-name "$change_set" \
    2>/dev/null || explain_change_set
}

describe_change_set() {
  aws cloudformation describe-change-set --stack-name "$stack" --change-set-name "$change_set" "$@"
}

# A change set without changes is a failed one.
explain_change_set() {
  local reason
  reason="$(describe_change_set --query StatusReason --output text)"
  discard
  case "$reason" in
    *"didn't contain changes"* | *'No updates are to be performed'*)
      echo "$stack in $region is as the templates and parameters say: there is nothing to change"
      exit 0
      ;;
    *) fail "the change set of $stack failed: $reason" ;;
  esac
}

# The changes of the main stack, then those of each nested one.
show_changes() {
  local what='Changes[].ResourceChange.[Action,Replacement,LogicalResourceId,ResourceType]' nested name
  echo "$change_type $stack in $region (account $account):"
  describe_change_set --query "$what" --output text
  nested="$(describe_change_set --query 'Changes[].ResourceChange.[LogicalResourceId,ChangeSetId]' --output text)"
  while read -r name id; do
    [[ $id == arn:* ]] || continue
    echo "$name:"
    aws cloudformation describe-change-set --change-set-name "$id" --query "$what" --output text
  done <<<"$nested"
}

# Takes back a change set that is not executed, and the empty stack that it was for.
discard() {
  aws cloudformation delete-change-set --stack-name "$stack" --change-set-name "$change_set" >/dev/null || true
  if [[ $change_type == CREATE ]]; then
    aws cloudformation delete-stack --stack-name "$stack" >/dev/null || true
  fi
}

confirm() {
  [[ -z $yes ]] || return 0
  local answer
  read -r -p "Type the name of the environment to go on: " answer
  if [[ $answer != "$environment" ]]; then
    discard
    refuse 'nothing was changed'
  fi
}

execute() {
  local waiter='stack-create-complete'
  [[ $change_type == CREATE ]] || waiter='stack-update-complete'
  since="$(date -u +%Y-%m-%dT%H:%M:%S)"
  aws cloudformation execute-change-set --stack-name "$stack" --change-set-name "$change_set" ||
    fail 'the change set could not be executed; the message stands above'
  echo "Changing $stack: CloudFormation takes everything back if a part fails."
  aws cloudformation wait "$waiter" --stack-name "$stack" 2>/dev/null || explain_failure
  protect
  echo "Done. The outputs of $stack:"
  aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' --output text
}

# What failed first, in this stack or a nested one, and what became of the rest.
explain_failure() {
  local name status
  status="$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text)"
  echo "$stack is $status. What failed, with the reason:" >&2
  for name in "$stack" $(aws cloudformation list-stack-resources --stack-name "$stack" --output text \
    --query "StackResourceSummaries[?ResourceType=='AWS::CloudFormation::Stack'].PhysicalResourceId"); do
    aws cloudformation describe-stack-events --stack-name "$name" --output text --query \
      "StackEvents[?Timestamp>='$since' && contains(ResourceStatus, 'FAILED') && !contains(not_null(ResourceStatusReason, ''), 'cancelled')].[LogicalResourceId,ResourceType,ResourceStatusReason]" >&2 || true
  done
  case "$status" in
    ROLLBACK_COMPLETE) echo "Nothing of it is left but the stack itself: aws cloudformation delete-stack --region $region --stack-name $stack" >&2 ;;
    UPDATE_ROLLBACK_COMPLETE) echo 'Everything is as it was before.' >&2 ;;
    UPDATE_ROLLBACK_FAILED) echo "Going back failed too: aws cloudformation continue-update-rollback --region $region --stack-name $stack" >&2 ;;
  esac
  exit 1
}

# Production is not deleted by mistake, neither the stack nor, by their policies, what is kept in it.
protect() {
  local production
  production="$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='Production'].ParameterValue")"
  [[ $production == true ]] || return 0
  aws cloudformation update-termination-protection --stack-name "$stack" --enable-termination-protection >/dev/null ||
    fail "$stack is deployed, but could not be protected against deletion"
}

main() {
  read_arguments "$@"
  look_around
  choose_change_type
  resolve_image
  upload
  create_change_set
  show_changes
  if [[ -n $plan ]]; then
    discard
    return
  fi
  confirm
  execute
}

main "$@"
