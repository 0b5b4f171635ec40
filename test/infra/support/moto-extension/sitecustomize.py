"""
What moto's CloudFormation lacks of what our templates use, made of what moto itself can do: every test of the infrastructure has it.

Python imports a module of this name by itself when its folder is on PYTHONPATH (Python documentation, module site), so
that `moto_server` starts with it: outputs of stacks, updates of nested ones, Fn::Cidr, AWS::NoValue in lists, subscriptions of topics,
notifications of buckets.
"""

import ipaddress
import itertools


def extend() -> None:
    from moto.cloudformation import models, parsing
    from moto.core.common_models import CloudFormationModel
    from moto.s3.models import FakeBucket
    from moto.sns.models import sns_backends

    def output_of_stack(self, attribute: str):
        name = attribute.removeprefix("Outputs.")
        for output in self.output_map.values():
            if output and output.key == name:
                return output.value
        # Of a resource that moto's CloudFormation does not know at all.
        return ""

    models.Stack.get_cfn_attribute = output_of_stack

    apply = models.ChangeSet.apply

    def apply_and_remember(self) -> None:
        apply(self)
        self.stack.template = self.template
        self.stack.template_dict = self.template_dict
        self.stack.parameters = self.parameters
        self.stack.output_map = models.OutputMap(self.stack.resource_map, self.template_dict, self.stack_id)

    models.ChangeSet.apply = apply_and_remember

    def update_nested(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        properties = cloudformation_json["Properties"]
        template = models.get_stack_from_s3_url(properties["TemplateURL"], account_id=account_id, partition="aws")
        original_resource.update(template, parameters=properties.get("Parameters", {}))
        return original_resource

    models.Stack.update_from_cloudformation_json = classmethod(update_nested)

    clean = parsing.clean_json

    def clean_more(value, resources):
        if isinstance(value, list):
            # An element without a value (AWS::NoValue) is none.
            return [element for element in clean(value, resources) if element is not None]
        if not (isinstance(value, dict) and "Fn::Cidr" in value):
            return clean(value, resources)
        block, count, host_bits = (clean(part, resources) for part in value["Fn::Cidr"])
        blocks = ipaddress.ip_network(block).subnets(new_prefix=32 - int(host_bits))
        return [str(each) for each in itertools.islice(blocks, int(count))]

    # The function calls itself by its name in the module, and so this one.
    parsing.clean_json = clean_more

    class Subscription(CloudFormationModel):
        # moto takes the service of a model from here.
        __module__ = "moto.sns.models"

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return "AWS::SNS::Subscription"

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return False

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
            properties = cloudformation_json["Properties"]
            made = cls()
            made.physical_resource_id = (
                sns_backends[account_id][region_name]
                .subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])
                .arn
            )
            return made

        @classmethod
        def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
            sns_backends[account_id][region_name].unsubscribe(resource_name)

    # Known from here on, as moto looks for subclasses.
    extend.known = Subscription

    create_bucket = FakeBucket.create_from_cloudformation_json.__func__

    def create_bucket_with_notification(
        cls, resource_name, cloudformation_json, account_id, region_name, **more
    ):
        bucket = create_bucket(cls, resource_name, cloudformation_json, account_id, region_name, **more)
        notification = cloudformation_json.get("Properties", {}).get("NotificationConfiguration")
        if notification:
            topics = [
                {
                    "Topic": topic["Topic"],
                    "Event": [topic["Event"]],
                    "Filter": {"S3Key": {"FilterRule": topic["Filter"]["S3Key"]["Rules"]}},
                }
                for topic in notification["TopicConfigurations"]
            ]
            bucket.set_notification_configuration({"TopicConfiguration": topics})
        return bucket

    FakeBucket.create_from_cloudformation_json = classmethod(create_bucket_with_notification)


try:
    extend()
except ImportError:
    # A Python without moto.
    pass
