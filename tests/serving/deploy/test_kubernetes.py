"""The generated manifests of Kubernetes: valid, and of one piece."""

import kubernetes_validate
from helpers.deploy_fixtures import container, load

KUBERNETES = "1.33"


def test_kubernetes_schemas(manifests):
    assert len(manifests) == 6
    for manifest in manifests.values():
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_kubernetes_names_lead_somewhere(deployment, manifests):
    specification = manifests["Deployment"]["spec"]
    labels = specification["template"]["metadata"]["labels"]
    selectors = [
        specification["selector"]["matchLabels"],
        manifests["Service"]["spec"]["selector"],
        manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ]
    assert selectors == [labels] * 4 == [{"app": "shop"}] * 4
    target = manifests["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "shop")
    assert manifests["Deployment"]["metadata"]["name"] == "shop"

    ports = {port["name"]: port["containerPort"] for port in container(manifests)["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {port["targetPort"] for port in manifests["Service"]["spec"]["ports"]} == ports.keys()
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        check = container(manifests)[probe]
        assert (check.get("httpGet") or check["tcpSocket"])["port"] == "rest"
    assert container(manifests)["readinessProbe"]["httpGet"]["path"] == "/v1/models/plain/metadata"

    volumes = {volume["name"]: volume for volume in specification["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container(manifests)["volumeMounts"]} == volumes.keys()
    claim = manifests["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["models"]["persistentVolumeClaim"]["claimName"] == claim
    kustomization = load(deployment / "kustomization.yaml")
    (config,) = kustomization["configMapGenerator"]
    assert volumes["config"]["configMap"]["name"] == config["name"]
    for name in [*kustomization["resources"], *config["files"]]:
        assert (deployment / name).is_file()
    assert len(kustomization["resources"]) == len(manifests)


def test_kubernetes_is_hardened(manifests):
    pod = manifests["Deployment"]["spec"]["template"]["spec"]["securityContext"]
    assert pod["runAsNonRoot"] and pod["runAsUser"] > 0
    assert container(manifests)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
